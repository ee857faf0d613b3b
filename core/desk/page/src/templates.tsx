// SPDX-License-Identifier: Apache-2.0
// The only words that reach a customer after their 24 hours: approved templates, with their blanks filled in.
import { useState } from 'preact/hooks'
import type { Template } from './api'
import { t } from './words'

const filled = (text: string, words: string[]) => text.replace(/\{\{(\d+)\}\}/g, (hole, n) => words[+n - 1] || hole)

export function Templates(props: { templates: Template[]; language: string | null; name: string; send: (body: { name: string; language: string; parameters: string[] }, text: string) => void }) {
    const fits = (one: Template) => Number(one.language.split('_')[0] === props.language)
    const all = [...props.templates].sort((a, b) => fits(b) - fits(a))
    const [at, setAt] = useState(0)
    const [words, setWords] = useState<string[]>([])
    const one = all[at]
    if (!one) return <p class="quiet templates">{t('noTemplates')}</p>
    const text = filled(one.text, words)
    const ready = Array.from({ length: one.parameters }).every((_, i) => words[i]?.trim())
    return (
        <form
            class="templates"
            onSubmit={(e) => {
                e.preventDefault()
                const parameters = Array.from({ length: one.parameters }, (_, i) => words[i].trim())
                props.send({ name: one.name, language: one.language, parameters }, filled(one.text, parameters))
                setWords([])
            }}
        >
            <label>
                {t('templates')}{' '}
                <select
                    value={String(at)}
                    onChange={(e) => {
                        setAt(+e.currentTarget.value)
                        setWords([])
                    }}
                >
                    {all.map((o, i) => (
                        <option key={o.name + o.language} value={String(i)}>
                            {o.name} ({o.language})
                        </option>
                    ))}
                </select>
            </label>
            {Array.from({ length: one.parameters }, (_, i) => (
                <label key={i}>
                    {`{{${i + 1}}}`}{' '}
                    <input
                        required
                        maxLength={1000}
                        value={words[i] ?? ''}
                        placeholder={i === 0 ? props.name : ''}
                        onInput={(e) => {
                            const next = [...words]
                            next[i] = e.currentTarget.value
                            setWords(next)
                        }}
                    />
                </label>
            ))}
            <p class="sample" aria-live="polite">
                {text}
            </p>
            <button class="main" disabled={!ready}>
                {t('sendTemplate')}
            </button>
        </form>
    )
}
