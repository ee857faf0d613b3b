// SPDX-License-Identifier: Apache-2.0
// What people do with the desk's page, in Chromium; see test_page.py.
import { accessible, browser, DESK, expect, heard, network, open, PASSWORD, person, phone, play, says, SCRIPT, shoot, until } from './browser.mjs'

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
    // A gateway that just began may ask for a webhook again, and it then comes after the next.
    await until('the bot greets', async () => (await heard('5215550000001')).includes('hola'))
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
    // Both have pressed before either is heard.
    const pressed = []
    for (const page of [lucia, tomas]) await page.route('**/take_over', (route) => void pressed.push(route))
    await Promise.all([lucia, tomas].map((page) => page.getByRole('button', { name: 'Tomar' }).click()))
    await until('both have pressed', () => pressed.length === 2)
    await Promise.all(pressed.map((route) => route.continue()))
    await Promise.all([lucia, tomas].map((page) => page.unroute('**/take_over')))
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

    console.log('-- what WhatsApp takes slowly is told when it arrives, though nothing else happens')
    await phone('settings', { answer_ms: 800 })
    await won.locator('textarea').fill('despacio')
    await won.keyboard.press('Enter')
    await won.locator('.bubble.agent', { hasText: 'despacio' }).locator('.delivery', { hasText: /entregado|leído/ }).waitFor()
    await phone('settings', { answer_ms: 0 })

    console.log('-- what was under way at the takeover is told apart from what was not sent any more')
    const FLIGHT = '5215550000005'
    await says(FLIGHT, 'say primero', 'Vuelo')
    await until('the bot greets', async () => (await heard(FLIGHT)).includes('primero'))
    await won.locator('.tabs button', { hasText: 'Bot' }).click()
    await open(won, 'Vuelo')
    await phone('settings', { answer_ms: 4000 })
    await says(FLIGHT, 'say en vuelo', 'Vuelo')
    await phone('settings', { webhook_ms: 4000 }) // the sandbox's statuses do not wait for its answer
    await until('it is under way', async () => (await won.locator('.bubble.bot', { hasText: 'en vuelo' }).locator('.delivery', { hasText: 'enviando' }).count()) === 1)
    await phone('settings', { webhook_ms: 0 })
    await says(FLIGHT, 'say ya no', 'Vuelo')
    await won.locator('.bubble.bot', { hasText: 'ya no' }).waitFor()
    await won.keyboard.press('Alt+KeyT')
    await won.locator('.state.mine').waitFor()
    await won.locator('.bubble.bot', { hasText: 'ya no' }).locator('.delivery', { hasText: 'no se envió' }).waitFor()
    await won.locator('.bubble.bot', { hasText: 'en vuelo' }).locator('.delivery', { hasText: /entregado|leído/ }).waitFor()
    await phone('settings', { answer_ms: 0 })
    await shoot(won, 'flight')
    expect((await heard(FLIGHT)).join() === 'primero,en vuelo', `on the phone: ${await heard(FLIGHT)}`)
    await won.keyboard.press('Alt+KeyE')
    await won.locator('.state.closed').waitFor()

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
    await lost.locator('.banner').waitFor()
    const cut = Date.now()
    await shoot(won, 'offline')
    await won.locator('.row', { hasText: '<script>' }).first().click() // it cannot be shown now, and is when the server is there again
    for (let i = 0; i < 90; i++) await says('5215550000001', `ok sin red ${i}`)
    await says('5215550000001', 'ok dicho sin red')
    await won.waitForTimeout(Math.max(0, cut + 61000 - Date.now())) // a minute: the page gives its stream up meanwhile, and begins another
    network(true)
    await won.locator('.title h1', { hasText: '<script>' }).waitFor()
    await until('the banner goes', async () => (await won.locator('.banner').count()) === 0)
    await open(won, 'Marisol')
    await won.locator('.bubble.customer', { hasText: 'dicho sin red' }).waitFor()
    await won.locator('.bubble.unconfirmed', { hasText: 'mientras no había red' }).waitFor() // not forgotten meanwhile
    await won.reload()
    await won.locator('.bubble.unconfirmed', { hasText: 'mientras no había red' }).waitFor() // nor by a reload
    expect((await won.locator('textarea').inputValue()) === 'un borrador', 'the draft is gone')
    await won.getByRole('button', { name: 'Reintentar' }).click()
    await until('the retried answer is on the phone', async () => (await heard('5215550000001')).includes('mientras no había red'))
    await lost.locator('.bubble.customer', { hasText: 'dicho sin red' }).waitFor()
    await until('who had it open all the time misses nothing', async () => {
        await lost.locator('.scroller').evaluate((s) => s.scrollTo(0, 0))
        const there = await lost.locator('.bubble.customer').allInnerTexts()
        return Array.from({ length: 90 }).every((_, i) => there.some((text) => text.includes(`ok sin red ${i}\n`)))
    })

    console.log('-- what is meant for colleagues is never offered to be sent to the customer')
    await won.locator('textarea').fill('')
    await won.keyboard.press('Alt+KeyP')
    await won.keyboard.type('solo para nosotros @to')
    await won.getByRole('option', { name: /@tomas/ }).waitFor()
    await won.keyboard.press('Escape')
    await until('the offer is gone', async () => !(await won.getByRole('option', { name: /@tomas/ }).count()))
    expect((await won.locator('textarea').inputValue()) === 'solo para nosotros @to', 'the note is gone')
    await won.keyboard.press('Alt+KeyL')
    await until('an answer is another draft', async () => (await won.locator('textarea').inputValue()) === '')
    await won.reload()
    await won.locator('textarea').waitFor()
    expect((await won.locator('textarea').inputValue()) === '', 'a note became an answer')
    await won.keyboard.press('Alt+KeyP')
    await until('the note is kept', async () => (await won.locator('textarea').inputValue()) === 'solo para nosotros @to')
    await won.locator('textarea').fill('')
    await won.keyboard.press('Alt+KeyL')

    console.log('-- an answer that was taken, though nobody heard so, is not offered to be sent again')
    await won.locator('.state.mine').waitFor()
    await won.route('**/reply', async (route) => {
        await route.fetch()
        await route.abort()
    })
    await won.locator('textarea').fill('tomado sin acuse')
    await won.keyboard.press('Enter')
    await won.locator('.bubble.agent:not(.pending)', { hasText: 'tomado sin acuse' }).waitFor()
    await until('it is not in doubt', async () => !(await won.locator('.bubble.pending').count()))
    await won.unroute('**/reply')

    console.log('-- back to the bot, which answers again')
    await won.locator('.state.mine').waitFor()
    await won.keyboard.press('Alt+KeyB')
    await won.getByRole('dialog').waitFor()
    await accessible(won, 'a dialog')
    await won.getByRole('dialog').getByRole('textbox').fill('ya le expliqué el plazo')
    await shoot(won, 'return')
    await won.getByRole('button', { name: 'Que siga atendiendo' }).press('Enter')
    await won.locator('.state.bot').waitFor()
    await won.locator('.bubble.private', { hasText: 'ya le expliqué el plazo' }).waitFor()
    await says('5215550000001', 'say aquí el bot')
    await until('the bot answers', async () => (await heard('5215550000001')).includes('aquí el bot'))

    console.log('-- back to the bot with a survey, which arrives, and is answered')
    await won.waitForTimeout(1600) // nobody takes what came into their hands a moment ago without having read it
    await won.keyboard.press('Alt+KeyT')
    await won.locator('.state.mine').waitFor()
    await won.keyboard.press('Alt+KeyB')
    await won.getByRole('button', { name: 'Encuesta de satisfacción' }).press('Enter')
    await won.locator('.state.bot').waitFor()
    await until('the survey is on the phone', async () => (await phone('log')).sends.some((s) => s.body.to === '5215550000001' && JSON.stringify(s.body).includes('survey:5')))
    await phone('say', { wa_id: '5215550000001', name: 'Marisol', message: { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'survey:5', title: '5 ★★★★★' } } } })
    await won.locator('.bubble.customer', { hasText: '5 ★★★★★' }).waitFor()

    console.log('-- resolve, and the next one; the board; help')
    await won.waitForTimeout(1600)
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
    await sara.locator('.tile', { hasText: /^5\.0/ }).waitFor() // what the survey said
    await accessible(sara, 'the board, dark, English')
    await shoot(sara, 'board')

    console.log('-- a customer is found, taken, answered and resolved by keys alone')
    await says('5215550000003', 'person persona', 'Teclado')
    const keys = await person('lucia')
    await keys.locator('.row', { hasText: 'Teclado' }).waitFor()
    await until('it is reached', async () => {
        await keys.keyboard.press('Alt+KeyJ')
        await keys.locator('.title h1').waitFor()
        return (await keys.locator('.title h1').innerText()) === 'Teclado'
    })
    await keys.keyboard.press('Alt+KeyT')
    await keys.locator('.state.mine').waitFor()
    await keys.keyboard.press('Alt+KeyL')
    await keys.keyboard.type('Sin ratón.')
    await keys.keyboard.press('Enter')
    await until('the answer is on the phone', async () => (await heard('5215550000003')).includes('Sin ratón.'))
    await keys.keyboard.press('Alt+KeyE')
    await keys.locator('.state.closed').waitFor()

    console.log('-- a notice on the desktop; where the browser forbids it, all else goes on')
    await keys.addInitScript(() => {
        localStorage.setItem('notices', 'on')
        Object.defineProperty(document, 'hidden', { get: () => true })
        window.told = []
        window.Notification = class {
            static permission = 'granted'
            constructor(title, { body }) {
                window.told.push(body)
                throw new TypeError('Illegal constructor') // as on a phone
            }
        }
        window.sounds = { contexts: 0, tones: 0 }
        const Real = window.AudioContext
        window.AudioContext = class extends Real {
            constructor() {
                super()
                window.sounds.contexts++
            }
            resume = async () => undefined // as after a touch
            createOscillator() {
                window.sounds.tones++
                return super.createOscillator()
            }
        }
    })
    // Only what comes after the stream began is told.
    await Promise.all([keys.waitForResponse((answer) => answer.url().includes('/api/events')), keys.goto(DESK)])
    await keys.locator('.tabs').waitFor()
    await says('5215550000004', 'person ayuda', 'Avisada')
    await until('it is told', () => keys.evaluate(() => window.told.some((words) => /^Nueva en la cola: \S/.test(words))))
    await keys.locator('.row', { hasText: 'Avisada' }).waitFor({ timeout: 10000 })
    for (const n of [1, 2, 3]) await says(`521555000004${n}`, 'person ayuda', `Otra ${n}`)
    await until('all are told', () => keys.evaluate(() => window.told.length >= 4))
    const sounds = await keys.evaluate(() => window.sounds)
    expect(sounds.contexts === 1 && sounds.tones >= 1, `it rang ${JSON.stringify(sounds)}`)

    console.log('-- who is no longer logged in is asked to, at once')
    await keys.context().clearCookies()
    await keys.getByRole('button', { name: 'Todas' }).click()
    await keys.locator('[name=login]').waitFor()

    console.log('-- whom the proxy vouches for is asked for no password')
    const vouched = await (await browser.newContext({ locale: 'es-MX', extraHTTPHeaders: { 'X-User': 'tomas' } })).newPage()
    await vouched.goto(DESK)
    await vouched.locator('.me', { hasText: 'Tomás' }).waitFor()
    await vouched.getByRole('button', { name: 'Salir' }).click()
    await vouched.getByRole('status').filter({ hasText: 'Has salido' }).waitFor()
    expect((await vouched.locator('[name=password]').count()) === 0, 'who has no password is asked for one')
    expect((await vouched.context().cookies()).length === 0, 'the session is still there')
    await accessible(vouched, 'logged out behind a proxy')
    await shoot(vouched, 'left')
    await vouched.getByRole('button', { name: 'Entrar de nuevo' }).click()
    await vouched.locator('.me', { hasText: 'Tomás' }).waitFor()
    await vouched.context().close()

    console.log('-- where all log in at once, a page waits for its turn, and asks nobody to type again')
    let refused = 0
    const late = await (await browser.newContext({ locale: 'pt-BR' })).newPage()
    await late.goto(DESK)
    await late.route('**/api/session', (route) =>
        route.request().method() === 'POST' && ++refused <= 2 ? route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, json: { error: { code: 'busy', message: '' } } }) : route.continue())
    await late.locator('[name=login]').fill('lucia')
    await late.locator('[name=password]').fill(PASSWORD)
    await late.keyboard.press('Enter')
    await late.locator('.wrong', { hasText: 'logo é a sua vez' }).waitFor()
    expect((await late.locator('[name=login]').inputValue()) === 'lucia', 'what was typed is gone')
    await late.locator('.tabs').waitFor()
    expect(refused === 3, `it asked ${refused} times`)

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
    const moving = (page) => page.evaluate(() => [...document.querySelectorAll('*')].filter((e) => {
        const style = getComputedStyle(e)
        return /[1-9]/.test(style.transitionDuration) || style.animationName !== 'none' || style.scrollBehavior === 'smooth'
    }).length)
    expect((await moving(small)) === 0, 'something moves for who wants nothing to')
    expect((await moving(late)) > 0, 'nothing moves for anybody: the test sees nothing')
    await small.getByRole('button', { name: 'Voltar à lista' }).click()
    await small.locator('.row').first().waitFor()
    await late.context().close()
}

await play(story)
