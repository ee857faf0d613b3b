// SPDX-License-Identifier: Apache-2.0
// Asking the knowledge base what it would answer, and why: for those who write articles, and for those who look something up.
import { useState } from 'preact/hooks'
import { api, Failure, type Answer } from './api'
import { t, why } from './words'

export function Ask() {
    const [answer, setAnswer] = useState<Answer>()
    const [wrong, setWrong] = useState('')
    const [busy, setBusy] = useState(false)
    return (
        <section class="board">
            <h1>{t('askTitle')}</h1>
            <form
                class="asking"
                onSubmit={(e) => {
                    e.preventDefault()
                    setBusy(true)
                    setWrong('')
                    api.ask(String(new FormData(e.currentTarget).get('question')))
                        .then(setAnswer, (f: Failure) => setWrong(why(f)))
                        .then(() => setBusy(false))
                }}
            >
                <label>
                    {t('askQuestion')}
                    <input name="question" required maxLength={1000} autocomplete="off" />
                </label>
                <button class="main" disabled={busy}>
                    {t('ask')}
                </button>
            </form>
            <p class="wrong" role="alert">
                {wrong}
            </p>
            <div aria-live="polite">
                {answer && (
                    <dl class="asked">
                        <dt>{t('askAnswer')}</dt>
                        <dd class="sample">{answer.answer ?? t('askNone')}</dd>
                        <dt>{t('askArticle')}</dt>
                        <dd>{answer.article ? `${answer.article}${answer.language ? ` (${answer.language})` : ''}` : '–'}</dd>
                        <dt>{t('askScore')}</dt>
                        <dd>
                            <meter min={0} max={1} value={answer.score} aria-label={t('askScore')} /> {answer.score.toFixed(2)}
                        </dd>
                        <dt>{t('askWhy')}</dt>
                        <dd>{answer.why}</dd>
                    </dl>
                )}
            </div>
        </section>
    )
}
