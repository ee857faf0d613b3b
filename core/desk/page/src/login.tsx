// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks'
import { api, type Failure } from './api'
import { t, why } from './words'

export function Login({ done }: { done: () => void }) {
    const [wrong, setWrong] = useState('')
    const [busy, setBusy] = useState(false)
    const form = useRef<HTMLFormElement>(null)
    const timer = useRef(0)
    useEffect(() => () => clearTimeout(timer.current), [])
    const enter = () => {
        const typed = new FormData(form.current!)
        setBusy(true)
        api.logIn(String(typed.get('login')), String(typed.get('password'))).then(done, (f: Failure) => {
            // A morning when all come at once: this page waits for its turn, and not all of them for the same moment.
            const crowd = f.code === 'busy'
            if (crowd) timer.current = window.setTimeout(enter, 1000 * f.again * (1 + Math.random()))
            setBusy(crowd)
            setWrong(crowd ? t('crowd') : why(f))
        })
    }
    return (
        <main class="login">
            <form
                ref={form}
                onSubmit={(e) => {
                    e.preventDefault()
                    enter()
                }}
            >
                <h1>Relevo</h1>
                <label>
                    {t('login')}
                    <input name="login" autocomplete="username" required autofocus />
                </label>
                <label>
                    {t('password')}
                    <input name="password" type="password" autocomplete="current-password" required />
                </label>
                <p class="wrong" role="alert">
                    {wrong}
                </p>
                <button class="main" disabled={busy}>
                    {t('logIn')}
                </button>
            </form>
        </main>
    )
}

// After logging out, of whom a proxy vouches for: there is no password to ask for, and coming back leads through the proxy.
export function Left() {
    return (
        <main class="login">
            <section>
                <h1>Relevo</h1>
                <p role="status">{t('left')}</p>
                <button class="main" onClick={() => location.assign('/')}>
                    {t('logInAgain')}
                </button>
            </section>
        </main>
    )
}
