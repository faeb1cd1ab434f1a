// Segment's library for browsers, bundled for the page of tests/sdks/test_browser.py.
import { AnalyticsBrowser } from '@segment/analytics-next'

const { host, key, tracks } = window.settings
const analytics = AnalyticsBrowser.load({ writeKey: key, cdnURL: host }, { disableClientPersistence: false })

async function main() {
  await analytics.identify('user-1', { name: 'Ann Lee', email: 'ann@example.com', plan: 'Grow', logins: 5 })
  await analytics.track('Signed Up', { source: 'ad', amount: 12.5 })
  await analytics.page('Docs', 'Index', { tab: 'start' })
  await analytics.screen('App', 'Home', { tab: 'start' })
  await analytics.group('org-7', { name: 'Acme' })
  await analytics.alias('user-1', 'anon-1')
  document.body.textContent = 'counting'
  for (let number = 0; number < tracks; number++) {
    analytics.track('Counted', { number })
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  document.body.textContent = 'done'
}
main().catch((error) => (document.body.textContent = `failed: ${error}`))
