// SPDX-License-Identifier: Apache-2.0
// What people do with the desk's page, in Chromium; see test_page.py. Ends with 1 and the reason when something is not as it should be.
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { chromium } from 'playwright-core'

const { DESK_PORT, PROXY_PORT, PHONE, PASSWORD, CHROMIUM, SHOTS } = process.env
const DESK = `http://127.0.0.1:${PROXY_PORT}`
const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const SCRIPT = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`

const expect = (condition, words) => {
    if (!condition) throw new Error(words)
}
const until = async (what, condition, seconds = 30) => {
    for (const end = Date.now() + seconds * 1000; ; ) {
        const result = await condition()
        if (result) return result
        expect(Date.now() < end, `${what}: not within ${seconds} s`)
        await new Promise((done) => setTimeout(done, 50))
    }
}
const phone = async (what, body) =>
    (await fetch(`${PHONE}/${what}`, body ? { method: 'POST', body: JSON.stringify(body) } : {})).json()
const says = (wa_id, text, name = 'Marisol') => phone('say', { wa_id, name, text })
// What the business said to a customer, as it is on their phone.
const heard = async (wa_id) => (await phone('log')).sends.map((s) => s.body).filter((b) => b.to === wa_id && b.type === 'text').map((b) => b.text.body)

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
const network = (yes) => {
    up = yes
    if (!yes) for (const wire of wires) wire.destroy()
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
const mistakes = []

async function person(login, options = {}) {
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

async function accessible(page, where) {
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
    for (const v of violations) mistakes.push(`axe, ${where}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html).join(' ')}`)
}
const shoot = (page, name) => page.screenshot({ path: `${SHOTS}/${name}.png` })
const open = (page, name) => page.locator('.row', { hasText: name }).first().click()

async function story() {
    const stranger = await (await browser.newContext({ locale: 'es-MX' })).newPage()
    await stranger.goto(DESK)
    await stranger.locator('[name=login]').fill('lucia')
    await stranger.locator('[name=password]').fill('not the password')
    await stranger.getByRole('button', { name: 'Entrar' }).click()
    await stranger.locator('.wrong', { hasText: /\w/ }).waitFor()
    await accessible(stranger, 'log-in')
    await shoot(stranger, 'login')

    const lucia = await person('lucia')
    const tomas = await person('tomas')
    console.log('-- a customer writes; the queue shows it, with its card')
    await says('5215550000001', 'say hola')
    await says('5215550000001', 'slot pedido=48213')
    await says('5215550000001', 'person persona')
    for (const page of [lucia, tomas]) {
        await page.locator('.row', { hasText: 'Marisol' }).waitFor()
        await open(page, 'Marisol')
        await page.locator('.card', { hasText: 'person persona' }).waitFor()
    }
    await accessible(lucia, 'the queue and a conversation')
    await shoot(lucia, 'queue')

    console.log('-- two agents race for it')
    const take = (page) => page.getByRole('button', { name: 'Tomar' }).click()
    await Promise.all([take(lucia), take(tomas)])
    const won = await until('somebody has it', async () => {
        for (const page of [lucia, tomas]) if (await page.locator('.state.mine').count()) return page
    })
    const lost = won === lucia ? tomas : lucia
    await lost.locator('.notice', { hasText: won === lucia ? 'Lucía' : 'Tomás' }).waitFor()
    await lost.locator('.state', { hasText: won === lucia ? 'Lucía' : 'Tomás' }).waitFor()
    await lost.locator('.line.take_over').waitFor()
    await shoot(lost, 'race')

    console.log('-- the winner answers, by keyboard alone; the bot is silent')
    const before = (await heard('5215550000001')).filter((t) => t === 'respuesta del bot').length
    await won.keyboard.press('Alt+KeyP')
    await won.keyboard.press('Alt+KeyL')
    await won.keyboard.type('/ya')
    await won.getByRole('option', { name: '/ya_lo_veo' }).waitFor()
    await won.keyboard.press('Enter')
    expect((await won.locator('textarea').inputValue()) === 'Hola Marisol, ya lo veo.', 'the canned reply is not there')
    await won.keyboard.press('Enter')
    await until('the answer is on the phone', async () => (await heard('5215550000001')).includes('Hola Marisol, ya lo veo.'))
    await won.locator('.bubble.agent:not(.pending)', { hasText: 'ya lo veo' }).waitFor()
    await won.locator('.bubble.agent .delivery', { hasText: /entregado|leído/ }).waitFor()
    expect((await won.locator('.bubble.agent').count()) === 1, 'the answer is shown twice')
    await says('5215550000001', 'say respuesta del bot')
    await won.locator('.bubble.customer', { hasText: 'respuesta del bot' }).waitFor()
    await won.waitForTimeout(500)
    expect((await heard('5215550000001')).filter((t) => t === 'respuesta del bot').length === before, 'the bot spoke while a person has it')

    console.log('-- what customers write is text, and nothing else')
    await says('5215550000002', SCRIPT, SCRIPT)
    await says('5215550000002', 'person persona ' + SCRIPT, SCRIPT)
    await won.getByRole('button', { name: 'Todas' }).click()
    await open(won, '<script>')
    await won.locator('.bubble.customer', { hasText: '<script>' }).first().waitFor()
    expect((await won.title()) === 'Relevo', 'a customer ran a script')
    await open(won, 'Marisol')

    console.log('-- the network is cut: a banner; what is written stays; afterwards nothing is missing')
    await won.locator('.bubble').first().waitFor()
    network(false)
    await won.locator('.banner').waitFor()
    await won.locator('textarea').fill('mientras no había red')
    await won.keyboard.press('Enter')
    await won.locator('.bubble.unconfirmed').waitFor()
    await won.locator('textarea').fill('un borrador')
    await shoot(won, 'offline')
    await says('5215550000001', 'ok dicho sin red')
    network(true)
    await won.locator('.bubble.customer', { hasText: 'dicho sin red' }).waitFor()
    await until('the banner goes', async () => (await won.locator('.banner').count()) === 0)
    await won.getByRole('button', { name: 'Reintentar' }).click()
    await until('the retried answer is on the phone', async () => (await heard('5215550000001')).includes('mientras no había red'))
    await won.reload()
    await won.locator('textarea').waitFor()
    expect((await won.locator('textarea').inputValue()) === 'un borrador', 'the draft is gone')
    await won.locator('textarea').fill('')

    console.log('-- back to the bot, which answers again')
    await won.locator('.state.mine').waitFor()
    await won.keyboard.press('Alt+KeyB')
    await won.getByRole('dialog').waitFor()
    await accessible(won, 'a dialog')
    await won.keyboard.press('Enter')
    await won.locator('.state.bot').waitFor()
    await says('5215550000001', 'say aquí el bot')
    await until('the bot answers', async () => (await heard('5215550000001')).includes('aquí el bot'))

    console.log('-- resolve, and the next one; the board; help')
    await won.keyboard.press('Alt+KeyT')
    await won.locator('.state.mine').waitFor()
    await won.keyboard.press('Control+Alt+KeyE')
    await until('the next one', async () => !(await won.locator('.title h1').innerText().catch(() => 'Marisol')).includes('Marisol'))
    await won.locator('h1').first().click()
    await won.keyboard.press('?')
    await won.getByRole('dialog').waitFor()
    await won.keyboard.press('Escape')

    const sara = await person('sara', { locale: 'en-GB', colorScheme: 'dark' })
    await sara.getByRole('button', { name: 'Board', exact: true }).click()
    await sara.locator('.tile').first().waitFor()
    await accessible(sara, 'the board, dark, English')
    await shoot(sara, 'board')

    console.log('-- on a phone, dark, in Portuguese')
    const small = await person('tomas', { viewport: { width: 390, height: 844 }, locale: 'pt-BR', colorScheme: 'dark', reducedMotion: 'reduce' })
    await small.getByRole('button', { name: 'Todas' }).click()
    await small.locator('.row').first().waitFor()
    await accessible(small, 'the list on a phone, dark, Portuguese')
    await shoot(small, 'phone-list')
    await open(small, 'Marisol')
    await small.locator('.bubble').first().waitFor()
    await accessible(small, 'a conversation on a phone')
    await shoot(small, 'phone')
    const wide = await small.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    expect(!wide, 'the page is wider than the phone')
    await small.getByRole('button', { name: 'Voltar à lista' }).click()
    await small.locator('.row').first().waitFor()
}

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
