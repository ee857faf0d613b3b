// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks'
import { api, type Failure } from './api'
import { t, why } from './words'

export function Login({ done }: { done: () => void }) {
    const [wrong, setWrong] = useState('')
    const [busy, setBusy] = useState(false)
    return (
        <main class="login">
            <form
                onSubmit={(e) => {
                    e.preventDefault()
                    const form = new FormData(e.currentTarget)
                    setBusy(true)
                    api.logIn(String(form.get('login')), String(form.get('password'))).then(done, (f: Failure) => {
                        setBusy(false)
                        setWrong(why(f))
                    })
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
