// SPDX-License-Identifier: Apache-2.0
// Kafka stops, with everything else as it was, and goes on; see test_page.py.
import { accessible, expect, heard, open, person, phone, play, says, shoot, until } from './browser.mjs'

const kafka = (signal) => process.env.KAFKA.split(' ').forEach((pid) => process.kill(Number(pid), signal))
const EVA = '5215550000001'

async function story() {
    const lucia = await person('lucia')
    const sara = await person('sara', { locale: 'en-GB', colorScheme: 'dark' })
    await says(EVA, 'person ayuda', 'Eva')
    for (const page of [lucia, sara]) {
        await page.locator('.row', { hasText: 'Eva' }).waitFor()
        await open(page, 'Eva')
        await page.locator('.bubble.customer', { hasText: 'person ayuda' }).waitFor()
    }
    try {
        console.log('-- Kafka stops: the pages say what that means, and that nothing is lost')
        kafka('SIGSTOP')
        await lucia.locator('.banner', { hasText: 'en pausa' }).waitFor()
        await sara.locator('.banner', { hasText: 'Live updates are paused' }).waitFor()
        await accessible(lucia, 'paused')
        await accessible(sara, 'paused, dark, English')
        await shoot(lucia, 'paused')

        console.log('-- people go on, and another page learns of it by asking')
        await lucia.keyboard.press('Alt+KeyT')
        await lucia.locator('.state.mine').waitFor()
        await lucia.locator('textarea').fill('Aquí estoy.')
        await lucia.keyboard.press('Enter')
        await until('it is not in doubt', async () => !(await lucia.locator('.bubble.unconfirmed, .bubble.refused').count()))
        await sara.locator('.state', { hasText: 'Lucía' }).waitFor({ timeout: 40000 })
        expect(!(await heard(EVA)).includes('Aquí estoy.'), 'it cannot be on its way yet: Kafka carries it')
        expect((await lucia.locator('.banner').count()) === 1, 'the page forgets that it is told late')
    } finally {
        kafka('SIGCONT')
    }
    console.log('-- Kafka goes on: the banner goes, and all that was decided is there')
    for (const page of [lucia, sara]) {
        await until('the banner goes', async () => (await page.locator('.banner').count()) === 0, 60)
        await page.locator('.bubble.agent:not(.pending)', { hasText: 'Aquí estoy.' }).waitFor()
    }
    await until('the answer is on the phone, once', async () => (await heard(EVA)).filter((text) => text === 'Aquí estoy.').length === 1, 60)
    await says(EVA, 'gracias', 'Eva')
    // A transaction that was under way when Kafka stopped holds its lane back until Kafka ends it: 15 s, looked at every 10.
    for (const page of [lucia, sara]) await page.locator('.bubble.customer', { hasText: 'gracias' }).waitFor({ timeout: 90_000 })
}

await play(story)
