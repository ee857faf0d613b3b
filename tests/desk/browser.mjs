// SPDX-License-Identifier: Apache-2.0
// What the stories of page.mjs and chats.mjs share: browsers, the network between them and the desk, the customer's phone.
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { chromium } from 'playwright-core'

const { DESK_PORT, PROXY_PORT, PHONE, CHROMIUM, SHOTS } = process.env
export const { PASSWORD } = process.env
export const DESK = `http://127.0.0.1:${PROXY_PORT}`
const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
export const SCRIPT = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`

export const expect = (condition, words) => {
    if (!condition) throw new Error(words)
}
export const until = async (what, condition, seconds = 30) => {
    for (const end = Date.now() + seconds * 1000; ; ) {
        const result = await condition()
        if (result) return result
        expect(Date.now() < end, `${what}: not within ${seconds} s`)
        await new Promise((done) => setTimeout(done, 50))
    }
}
export const phone = async (what, body) =>
    (await fetch(`${PHONE}/${what}`, body ? { method: 'POST', body: JSON.stringify(body) } : {})).json()
export const says = (wa_id, text, name = 'Marisol') => phone('say', { wa_id, name, text })
// What the business said to a customer, as it is on their phone.
export const heard = async (wa_id) => (await phone('log')).sends.map((s) => s.body).filter((b) => b.to === wa_id && b.type === 'text').map((b) => b.text.body)

// The network between the browsers and the desk.
const wires = new Set()
let up = true
createServer((near) => {
    if (!up) return near.destroy()
    const far = connect(Number(DESK_PORT), '127.0.0.1')
    for (const [a, b] of [[near, far], [far, near]]) {
        wires.add(a)
        a.pipe(b)
        a.on('error', () => b.destroy())
        a.on('close', () => wires.delete(a) && b.destroy())
    }
}).listen(Number(PROXY_PORT), '127.0.0.1')
export const network = (yes) => {
    up = yes
    if (!yes) for (const wire of wires) wire.destroy()
}

export const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
export const mistakes = []

export async function person(login, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'es-MX', ...options })
    const page = await context.newPage()
    page.on('pageerror', (e) => mistakes.push(`${login}: ${e.message}`))
    page.on('console', (m) => m.type() === 'error' && /Content Security Policy/.test(m.text()) && mistakes.push(`${login}: ${m.text()}`))
    page.on('dialog', (d) => mistakes.push(`${login}: a dialog: ${d.message()}`))
    await page.goto(DESK)
    await page.locator('[name=login]').fill(login)
    await page.locator('[name=password]').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('.tabs').waitFor()
    return page
}

export async function accessible(page, where) {
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
    for (const v of violations) mistakes.push(`axe, ${where}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html).join(' ')}`)
}
export const shoot = (page, name) => page.screenshot({ path: `${SHOTS}/${name}.png` })
export const open = async (page, name) => {
    await page.locator('.row', { hasText: name }).first().click()
    await page.locator('.title h1', { hasText: name }).waitFor()
}


// Plays a story, and ends this process: with 1 and the reason when something is not as it should be.
export async function play(story) {
    let failed = 0
    try {
        await story()
    } catch (e) {
        console.log(`FAILED: ${e.message}`)
        failed = 1
        for (const context of browser.contexts()) for (const page of context.pages()) await page.screenshot({ path: `${SHOTS}/failed-${Math.random().toString(36).slice(2, 6)}.png` }).catch(() => undefined)
    }
    for (const mistake of mistakes) console.log(`FAILED: ${mistake}`)
    await browser.close()
    process.exit(failed || mistakes.length ? 1 : 0)
}
