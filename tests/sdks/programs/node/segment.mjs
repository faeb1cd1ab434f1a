// Segment's SDK for Node: says one of everything, then TRACKS events, a few at a time.
import { Analytics } from '@segment/analytics-node'

const { URL: host, KEY: writeKey, TRACKS } = process.env
const analytics = new Analytics({ host, writeKey, flushAt: 5, flushInterval: 300, maxRetries: 10 })
const failed = []
analytics.on('error', (error) => failed.push(error))

analytics.identify({ userId: 'user-1', traits: { name: 'Ann Lee', email: 'ann@example.com', plan: 'Grow', logins: 5 } })
analytics.track({ userId: 'user-1', event: 'Signed Up', properties: { source: 'ad', amount: 12.5 }, messageId: 'track-1' })
analytics.page({ userId: 'user-1', category: 'Docs', name: 'Index', properties: { path: '/docs' }, messageId: 'page-1' })
analytics.screen({ userId: 'user-1', category: 'App', name: 'Home', properties: { tab: 'start' }, messageId: 'screen-1' })
analytics.group({ userId: 'user-1', groupId: 'org-7', traits: { name: 'Acme' } })
analytics.alias({ userId: 'user-1', previousId: 'anon-1' })
for (let number = 0; number < Number(TRACKS); number++) {
  analytics.track({ userId: 'user-2', event: 'Counted', properties: { number }, messageId: `counted-${number}` })
  await new Promise((resolve) => setTimeout(resolve, 100))
}
await analytics.closeAndFlush({ timeout: 60000 })
if (failed.length) {
  console.error('lost:', failed)
  process.exit(1)
}
