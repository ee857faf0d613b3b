// SPDX-License-Identifier: Apache-2.0
// What a person reads instead of the history, in Chromium, with the example business's own bot behind it; see test_page.py: a lead that the bot
// asked all that sales has to know, with a correction; the person, the end; and the same customer again, with a question that nobody answered.
import { accessible, expect, heard, open, person, play, says, shoot, until } from './browser.mjs'

const ANA = '5215550000001'
// One message, and what the bot says to it.
async function tells(text) {
    const before = (await heard(ANA)).length
    await says(ANA, text, 'Ana Torres')
    await until(`the bot answers to '${text}'`, async () => (await heard(ANA)).length > before)
}
const line = (page, name) => page.locator('.card dl > div', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) })

async function story() {
    const sara = await person('sara')
    console.log('-- the bot asks a lead what sales has to know; she corrects herself')
    for (const text of ['hola, ¿hacen catering? es para una boda de 140 personas', '¿tienen descafeinado?', 'el 15 de marzo', 'en Querétaro', 'no, perdón: somos 150 personas',
        'Ana Torres', 'ana.torres@correo.mx'])
        await tells(text)
    await sara.locator('.row', { hasText: 'Ana Torres' }).waitFor()
    await open(sara, 'Ana Torres')
    const card = sara.locator('.card[open]')
    await card.waitFor()
    await card.locator('.tag', { hasText: 'lead_ready' }).waitFor()
    expect(/cliente potencial está listo/.test(await line(sara, 'Por qué').innerText()), 'why')
    expect(/boda de 140 personas/.test(await line(sara, 'Qué quiere').innerText()), 'what they want')

    console.log('-- what is known: each with the message that it comes from; what she corrected, with what it was')
    const fact = (name) => sara.locator('.facts li', { hasText: new RegExp(`^${name} `) })
    for (const [name, value] of [['event date', /-03-15/], ['city', /Querétaro/], ['name', /Ana Torres/], ['email', /ana\.torres@correo\.mx/], ['lead\\.score', /\d/]])
        expect(value.test(await fact(name).innerText()), `${name}: ${await fact(name).innerText()}`)
    const guests = fact('guests')
    expect((await guests.locator('del').innerText()) === '140' && /150/.test(await guests.innerText()), `corrected: ${await guests.innerText()}`)
    expect((await sara.locator('.facts del').count()) === 1, 'more than the one was corrected')
    expect((await line(sara, 'Corregido').count()) === 0, 'what was corrected is told twice')
    for (const [name, source] of [['guests', 'somos 150 personas'], ['city', 'en Querétaro'], ['email', 'ana.torres@correo.mx']]) {
        await fact(name).getByRole('button', { name: 'Ver el mensaje' }).click()
        await sara.locator('.bubble.customer.shown', { hasText: source }).waitFor()
        await until('and it is in view', () => sara.locator('.bubble.shown').evaluate((b) => {
            const at = b.getBoundingClientRect(), log = b.closest('.scroller').getBoundingClientRect()
            return at.top >= log.top && at.bottom <= log.bottom
        }))
    }

    console.log('-- what the bot tried; the mood as a line; nothing that the head says already')
    expect(/descafeinado/.test(await line(sara, 'Qué se intentó').innerText()), 'what was tried')
    expect(/¿A qué correo/.test(await line(sara, 'Qué se intentó').innerText()), 'the last that the bot said')
    const mood = line(sara, 'Ánimo')
    await mood.getByRole('img', { name: /estable|mejora|empeora/ }).waitFor()
    expect((await mood.locator('polyline').getAttribute('points')).split(' ').length === 7, 'a point for each message of hers')
    expect((await mood.innerText()).match(/→/g).length === 1, 'the mood is told twice')
    expect((await line(sara, 'Cliente').count()) === 0, 'her name, number and language are in the head')
    await accessible(sara, 'the card of a lead')
    await shoot(sara, 'card')

    console.log('-- a suggested answer goes into the field by a key, another one by its button, and to the phone')
    await sara.keyboard.press('Alt+KeyT')
    await sara.locator('.state.mine').waitFor()
    await says(ANA, '¿hacen envíos a Guadalajara?', 'Ana Torres')
    const suggested = line(sara, 'Respuesta sugerida').locator('dd')
    await suggested.filter({ hasText: '(envios' }).first().waitFor()
    await sara.keyboard.press('Alt+KeyI')
    const words = await sara.locator('textarea').inputValue()
    expect(/envíos/.test(words) && (await suggested.first().innerText()).includes(words), `inserted: ${words}`)
    if ((await suggested.count()) > 1) {
        await sara.locator('textarea').fill('')
        await suggested.nth(1).getByRole('button', { name: 'Insertar' }).click()
        const other = await sara.locator('textarea').inputValue()
        expect(other && other !== words && (await suggested.nth(1).innerText()).includes(other), `the second: ${other}`)
        await sara.locator('textarea').fill(words)
    }
    await sara.locator('textarea').press('Enter')
    await until('the suggested answer is on the phone', async () => (await heard(ANA)).includes(words))

    console.log('-- it ends: who closed it, how soon she was answered, how long it took')
    await sara.keyboard.press('Alt+KeyE')
    await sara.locator('.state.closed').waitFor()
    if (!(await card.count())) await sara.locator('.card > summary').click()
    await line(sara, 'Cómo terminó').locator('dd', { hasText: 'cerrada por Sara' }).waitFor()
    for (const what of ['primera respuesta: ', 'duración: ']) await line(sara, 'Cómo terminó').locator('dd', { hasText: what }).waitFor()

    console.log('-- she comes again: the time before, and the question that nobody answered')
    await tells('hola de nuevo')
    await tells('¿y cuándo abre la sucursal de marte?')
    await says(ANA, 'quiero hablar con una persona', 'Ana Torres')
    await sara.locator('.state.queued').waitFor()
    if (!(await card.count())) await sara.locator('.card > summary').click()
    await line(sara, 'Última pregunta sin respuesta').locator('dd', { hasText: '¿y cuándo abre la sucursal de marte?' }).waitFor()
    const before = await line(sara, 'Conversaciones anteriores').locator('dd').allInnerTexts()
    expect(before.length === 1 && /^\d{4}-\d\d-\d\d: Un cliente potencial .*→ cerrada por sara$/.test(before[0]), `the time before: ${before}`)
    expect((await line(sara, 'Cómo terminó').count()) === 0, 'what has not ended has an end')
    await accessible(sara, 'the card of somebody who comes again')
    await shoot(sara, 'card-again')
}

await play(story)
