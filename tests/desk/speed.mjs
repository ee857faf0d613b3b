// SPDX-License-Identifier: Apache-2.0
// How soon the page shows what matters, and how soon the bot is silent after the key, in Chromium; for bench_desk.py. Prints one line of JSON:
//   paint: {cold, warm, phone_cold, phone_warm}: milliseconds from the navigation until the first conversations of the list are painted, each time
//   keys: [{key, heard, shown}]: wall-clock milliseconds of pressing Alt+T, of the answer (the bot is fenced by then), and of the page saying so
import { chromium } from 'playwright-core'

const { DESK, CHROMIUM, PASSWORD, LOGIN, ROUNDS, CONVERSATIONS } = process.env
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
const PHONE = { offline: false, latency: 150, downloadThroughput: (1.6e6 / 8), uploadThroughput: (0.75e6 / 8) } // a slow mobile network
const PHONE_CPU = 4 // times slower than this machine

// Notes the frame in which the first row of the list is on the screen.
const watch = () => {
    const look = () => {
        if (!document.querySelector('.row .name')) return requestAnimationFrame(look)
        requestAnimationFrame(() => setTimeout(() => (window.painted = performance.now())))
    }
    requestAnimationFrame(look)
}

async function logIn(context) {
    const page = await context.newPage()
    await page.goto(DESK)
    await page.locator('[name=login]').fill(LOGIN)
    await page.locator('[name=password]').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('.tabs').waitFor()
    await page.close()
}

async function paint(context, slow) {
    const page = await context.newPage()
    await page.addInitScript(watch)
    if (slow) {
        const session = await context.newCDPSession(page)
        await session.send('Network.enable')
        await session.send('Network.emulateNetworkConditions', PHONE)
        await session.send('Emulation.setCPUThrottlingRate', { rate: PHONE_CPU })
    }
    await page.goto(DESK, { waitUntil: 'commit' })
    await page.waitForFunction(() => window.painted, null, { timeout: 60000 })
    const took = await page.evaluate(() => window.painted)
    await page.close()
    return took
}

const times = { cold: [], warm: [], phone_cold: [], phone_warm: [] }
const logged = await browser.newContext({ locale: 'es-MX' })
await logIn(logged)
const storageState = await logged.storageState()
for (let i = 0; i < Number(ROUNDS); i++) {
    for (const [name, slow] of [['', false], ['phone_', true]]) {
        const context = await browser.newContext({ locale: 'es-MX', storageState }) // its cache is empty
        times[name + 'cold'].push(await paint(context, slow))
        times[name + 'warm'].push(await paint(context, slow))
        await context.close()
    }
}

const keys = []
const page = await logged.newPage()
await page.goto(DESK)
await page.locator('.tabs').waitFor()
await page.evaluate(() => {
    const now = () => performance.timeOrigin + performance.now()
    addEventListener('keydown', () => (window.key = now()), true)
    const asks = window.fetch
    window.fetch = async (url, options) => {
        const answer = await asks(url, options)
        if (String(url).endsWith('/take_over')) window.heard = now()
        return answer
    }
    new MutationObserver(() => {
        if (!window.shown && document.querySelector('.state.mine')) window.shown = now()
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
})
for (const id of CONVERSATIONS.split(',').filter(Boolean)) {
    await page.evaluate((id) => {
        history.pushState(null, '', `/c/${id}`)
        dispatchEvent(new PopStateEvent('popstate'))
        Object.assign(window, { key: 0, heard: 0, shown: 0 })
    }, id)
    await page.locator('.actions .main').waitFor()
    await page.locator('.bubble').first().waitFor()
    await page.evaluate(() => (window.shown = 0))
    await page.keyboard.press('Alt+KeyT')
    await page.waitForFunction(() => window.key && window.heard && window.shown)
    keys.push(await page.evaluate((id) => ({ id, key: window.key, heard: window.heard, shown: window.shown }), id))
}
console.log(JSON.stringify({ paint: times, keys }))
await browser.close()
