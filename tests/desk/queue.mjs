// SPDX-License-Identifier: Apache-2.0
// What waits, in Chromium, with the example business's own bot behind it; see test_page.py: how many there are, told while they come; the list by its
// filters; offers to whoever is there; given to a colleague; and the buttons that the bot offers a customer.
import { accessible, expect, heard, open, person, phone, play, says, shoot, until } from './browser.mjs'

const RAUL = '5215550000011', IRIS = '5215550000012', EMMA = '5215550000013', BODA = '5215550000014'
const names = (page) => page.locator('.row .name').allInnerTexts()
const only = (page, want) => until(`the list is ${want}`, async () => (await names(page)).join() === want.join())

async function story() {
    const sara = await person('sara')
    console.log('-- who waits is counted and told while they come, to ears as well; the most urgent first')
    const tab = sara.locator('.tabs button', { hasText: 'Cola' }).locator('.count')
    expect((await tab.innerText()) === '0', 'somebody waits already')
    await says(IRIS, 'quiero hablar con una persona', 'Iris')
    await until('one waits', async () => (await tab.innerText()) === '1')
    await sara.locator('[aria-live=polite]', { hasText: 'Nueva en la cola' }).waitFor({ state: 'attached' })
    await says(EMMA, 'I want to talk to a person please', 'Emma')
    await says(RAUL, 'voy a llamar a mi abogado', 'Raúl')
    await until('three wait', async () => (await tab.innerText()) === '3')
    await sara.locator('.pull [role=status]', { hasText: /la más antigua espera \d+ s/ }).waitFor()
    await until('the most urgent is first', async () => (await names(sara))[0] === 'Raúl')
    expect((await names(sara)).slice(1).join() === 'Iris,Emma', `then who waits longest: ${await names(sara)}`)

    console.log('-- the list by its filters, which the button counts')
    const filters = sara.getByRole('button', { name: /^Filtros/ })
    await filters.click()
    for (const [filter, value, want] of [['Motivo', 'legal', ['Raúl']], ['Idioma', 'en', ['Emma']], ['Prioridad', '9', ['Raúl']], ['Equipo', 'ventas', []], ['Equipo', 'soporte', ['Raúl', 'Iris', 'Emma']]]) {
        const choice = sara.getByLabel(filter, { exact: true })
        await choice.selectOption(value)
        await only(sara, want)
        expect((await filters.locator('.count').innerText()) === '1', 'it does not say that something is left out')
        if (!want.length) await sara.locator('nav .nothing').waitFor()
        await choice.selectOption('')
        await only(sara, ['Raúl', 'Iris', 'Emma'])
    }
    await accessible(sara, 'the queue with its filters')
    await shoot(sara, 'filters')
    await filters.click()

    console.log('-- whoever says that they are there is offered what waits, and takes it, or does not')
    const lucia = await person('lucia')
    const tomas = await person('tomas')
    await open(lucia, 'Raúl') // before it is offered, of which no decision tells
    await lucia.getByLabel('Estado').selectOption('online')
    await lucia.locator('select[data-presence=online]').waitFor()
    await lucia.locator('.tabs button', { hasText: 'Mías' }).click()
    await lucia.getByRole('button', { name: /^Aceptar \(\d+ min\)/ }).click()
    await lucia.locator('.state.mine').waitFor()
    await open(lucia, 'Iris')
    await lucia.getByRole('button', { name: 'Rechazar' }).click()
    await until('what was declined is no longer offered', async () => !(await lucia.getByRole('button', { name: 'Rechazar' }).count()))
    await sara.locator('.row', { hasText: 'Iris' }).waitFor()

    console.log('-- given to a colleague, who hears of it')
    await open(lucia, 'Raúl')
    await lucia.locator('.state.mine').waitFor()
    await lucia.locator('.head .window', { hasText: /ventana \d+ h/ }).waitFor()
    await lucia.locator('.actions').getByRole('combobox', { name: 'Pasar a…' }).selectOption('tomas')
    await lucia.locator('.state', { hasText: 'la tiene Tomás' }).waitFor()
    await lucia.locator('.line.assign', { hasText: 'Asignada a Tomás' }).waitFor()
    await tomas.locator('.tabs button', { hasText: 'Mías' }).click()
    await open(tomas, 'Raúl')
    await tomas.locator('.state.mine').waitFor()
    await open(tomas, 'Raúl')
    await says(RAUL, '¿hay alguien?', 'Raúl')
    await tomas.locator('[aria-live=polite]', { hasText: 'Raúl escribió' }).waitFor({ state: 'attached' })
    await tomas.locator('.row.waits', { hasText: 'Raúl' }).waitFor()
    await accessible(tomas, 'given by a colleague')

    console.log('-- the buttons that the bot offers, and which one the customer chose')
    await says(BODA, 'quiero una cotización de catering', 'Novia')
    await until('the bot asks with buttons', async () => (await phone('log')).sends.some((s) => s.body.to === BODA && s.body.type === 'interactive'))
    await sara.locator('.tabs button', { hasText: 'Bot' }).click()
    await open(sara, 'Novia')
    await sara.locator('.bubble.bot .choices li', { hasText: 'Evento o boda' }).waitFor()
    const sent = (await phone('log')).sends.map((s) => s.body).find((b) => b.to === BODA && b.type === 'interactive').interactive
    const button = (sent.action.buttons?.map((b) => b.reply) ?? sent.action.sections[0].rows).find((b) => b.title === 'Evento o boda')
    await phone('say', { wa_id: BODA, name: 'Novia', message: { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: button.id, title: button.title } } } })
    const chosen = sara.locator('.bubble.customer', { hasText: 'Evento o boda' })
    await chosen.locator('.meta', { hasText: 'eligió' }).waitFor()
    await until('the bot goes on', async () => (await heard(BODA)).length > 0)
    await shoot(sara, 'buttons')
}

await play(story)
