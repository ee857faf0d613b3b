// SPDX-License-Identifier: Apache-2.0
// What somebody does who plays the customer on the sandbox's phone, in Chromium; see test_phone.py. Ends with 1 and the reason when something
// is not as it should be.
import { chromium } from 'playwright-core'

const { PHONE, CHROMIUM, SHOTS } = process.env
const SCRIPT = `<img src=x onerror="document.title='owned'">`
const WHO = '5215511112222'

const expect = (condition, words) => {
    if (!condition) throw new Error(words)
}
const until = async (what, condition, seconds = 60) => {
    for (const end = Date.now() + seconds * 1000; ; ) {
        const result = await condition()
        if (result) return result
        expect(Date.now() < end, `${what}: not within ${seconds} s`)
        await new Promise((done) => setTimeout(done, 50))
    }
}
const ask = async (what, body) => (await fetch(`${PHONE}/sandbox/${what}`, body ? { method: 'POST', body: JSON.stringify(body) } : {})).json()
// The business sends, as deliver would.
const send = async (message) =>
    (await fetch(`${PHONE}/v23.0/106540352242922/messages`, {
        method: 'POST',
        headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
        body: JSON.stringify({ messaging_product: 'whatsapp', recipient_type: 'individual', to: WHO, ...message })
    })).json()

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
const mistakes = []

const page = await (await browser.newContext({ viewport: { width: 1100, height: 860 }, locale: 'es-MX' })).newPage()

async function story() {
    page.on('pageerror', (e) => mistakes.push(e.message))
    await page.goto(`${PHONE}/?wa_id=${WHO}`)
    const bubble = (text) => page.locator('.bubble:not(.mine)', { hasText: text })
    await page.locator('#business', { hasText: '+' }).waitFor()

    // The customer writes; the bot of the whole circle answers.
    await page.locator('#text').fill('say Hola, ¿en qué te ayudo?')
    await page.keyboard.press('Enter')
    await page.locator('.bubble.mine', { hasText: 'say Hola' }).waitFor()
    await bubble('Hola, ¿en qué te ayudo?').waitFor()
    const first = (await ask(`chat?wa_id=${WHO}`)).messages.find((m) => m.from === 'customer').id
    await until('what is on the screen is read', async () => (await ask(`chat?wa_id=${WHO}`)).messages.some((m) => m.states?.read))

    // Read, and typing: both are seen, until the answer comes.
    expect((await send({ status: 'read', message_id: first, typing_indicator: { type: 'text' } })).success, 'the receipt is refused')
    await page.locator('#doing', { hasText: 'escribiendo…' }).waitFor()
    await page.locator('.bubble.mine .meta .read').waitFor()
    await page.screenshot({ path: `${SHOTS}/sandbox-typing.png` })

    // Buttons, and a list: what is chosen comes back as a reply, once.
    await send({ type: 'interactive', interactive: { type: 'button', header: { type: 'text', text: 'Pedido 48213' }, body: { text: '¿Te llegó?' },
        footer: { text: 'Café Aurora' }, action: { buttons: [['si', 'Sí'], ['no', 'No']].map(([id, title]) => ({ type: 'reply', reply: { id, title } })) } } })
    await page.getByRole('button', { name: 'Sí' }).click()
    await page.locator('.bubble.mine', { hasText: 'Sí' }).waitFor()
    expect(await page.getByRole('button', { name: 'No' }).isDisabled(), 'one may choose twice')
    await page.locator('#doing', { hasText: /^$/ }).waitFor({ state: 'attached' })
    await send({ type: 'interactive', interactive: { type: 'list', body: { text: '¿Qué día?' }, action: { button: 'Días', sections: [
        { title: 'Esta semana', rows: [{ id: '1', title: 'Jueves', description: '9 a 14 h' }, { id: '2', title: 'Viernes' }] }] } } })
    await page.getByRole('button', { name: 'Días' }).click()
    await page.locator('#sheet').getByRole('button', { name: /Jueves/ }).waitFor()
    await page.screenshot({ path: `${SHOTS}/sandbox-list.png` })
    await page.locator('#sheet').getByRole('button', { name: /Viernes/ }).click()
    await page.locator('.bubble.mine .quote', { hasText: '¿Qué día?' }).waitFor()

    // Whatever is said is shown as words.
    await send({ type: 'text', text: { body: SCRIPT }, context: { message_id: first } })
    await bubble(SCRIPT).waitFor()
    await send({ type: 'location', location: { latitude: 19.4, longitude: -99.1, name: 'Roma' } })
    await bubble('📍 Roma').waitFor()
    await send({ type: 'template', template: { name: 'order_sent', language: { code: 'es_MX' },
        components: [{ type: 'body', parameters: [{ type: 'text', text: 'Marisol' }] }] } })
    await bubble('Marisol').waitFor()
    expect((await page.title()) !== 'owned', 'what was said became a part of the page')

    // Another customer; and WhatsApp made to refuse, from the page.
    await page.locator('#number').fill('52 155 3333 4444')
    await page.locator('#fresh button').click()
    await until('the other customer has an empty phone', async () => (await page.locator('.bubble').count()) === 0)
    await page.locator('[data-set=failing]').check()
    await page.locator('#text').fill('say No te llega')
    await page.keyboard.press('Enter')
    await until('the sandbox refuses', async () => (await ask('settings')).answer_fail === 1)
    await page.locator('.bubble.mine').waitFor()
    expect((await page.locator('.bubble').count()) === 1, 'what was refused arrived')
    await page.locator('[data-set=failing]').uncheck()
    await bubble('No te llega').waitFor() // code 131000: deliver tries again
    await page.getByRole('button', { name: new RegExp(WHO) }).click()
    await bubble('📍 Roma').waitFor()
    await page.screenshot({ path: `${SHOTS}/sandbox.png` })
    const size = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    expect(size[0] <= size[1], `the page is ${size[0]} wide in ${size[1]}`)
    await page.setViewportSize({ width: 390, height: 800 })
    await page.screenshot({ path: `${SHOTS}/sandbox-small.png` })
    expect(await page.locator('#text').isVisible(), 'on a small screen nothing can be written')
}

let status = 0
try {
    await story()
    expect(mistakes.length === 0, mistakes.join('\n'))
} catch (mistake) {
    console.error(mistake.stack)
    await page.screenshot({ path: `${SHOTS}/sandbox-mistake.png` })
    status = 1
}
await browser.close()
process.exit(status)
