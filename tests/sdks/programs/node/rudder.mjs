// RudderStack's SDK for Node: says one of everything, then TRACKS events, a few at a time.
import RudderAnalytics from '@rudderstack/rudder-sdk-node'

const { URL: host, KEY: writeKey, TRACKS } = process.env
const Client = RudderAnalytics.default ?? RudderAnalytics
const client = new Client(writeKey, { dataPlaneUrl: host, flushAt: 5, flushInterval: 300, gzip: false, maxRetries: 10, retryCount: 10 })

client.identify({ userId: 'user-1', traits: { name: 'Ann Lee', email: 'ann@example.com', plan: 'Grow', logins: 5 } })
client.track({ userId: 'user-1', event: 'Signed Up', properties: { source: 'ad', amount: 12.5 }, messageId: 'track-1' })
client.page({ userId: 'user-1', name: 'Index', properties: { path: '/docs', category: 'Docs' }, messageId: 'page-1' })
client.screen({ userId: 'user-1', name: 'Home', properties: { tab: 'start', category: 'App' }, messageId: 'screen-1' })
client.group({ userId: 'user-1', groupId: 'org-7', traits: { name: 'Acme' } })
client.alias({ userId: 'user-1', previousId: 'anon-1' })
for (let number = 0; number < Number(TRACKS); number++) {
  client.track({ userId: 'user-2', event: 'Counted', properties: { number }, messageId: `counted-${number}` })
  await new Promise((resolve) => setTimeout(resolve, 100))
}
await client.flush()
// Its process ends when nothing waits to be sent again.
setTimeout(() => process.exit(1), 60000).unref()
