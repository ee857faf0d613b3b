// SPDX-License-Identifier: Apache-2.0
// Where a person writes. What is not sent yet is kept for each conversation, also over a reload.
import { useEffect, useRef, useState } from 'preact/hooks'
import { api, type Canned } from './api'
import { t } from './words'

export interface Pending {
    key: string
    text: string
    kind: 'reply' | 'note'
    at: number
    state: 'sending' | 'refused' | 'unconfirmed'
    why?: string
}

// What `/word` stands for: those in the customer's language first.
function matching(all: Canned[], text: string, language: string | null) {
    const word = text.match(/^\/([a-z0-9_-]*)$/)?.[1]
    if (word === undefined) return []
    const fits = all.filter((c) => c.shortcut.includes(word))
    return fits.sort((a, b) => Number(b.language === language) - Number(a.language === language)).slice(0, 6)
}

export function Composer(props: { id: string; name: string; language: string | null; mode: 'reply' | 'note'; setMode: (m: 'reply' | 'note') => void; send: (text: string, kind: 'reply' | 'note') => void }) {
    const draft = `draft ${props.id}`
    const [text, setText] = useState(localStorage.getItem(draft) ?? '')
    const field = useRef<HTMLTextAreaElement>(null)
    const first = useRef(true)
    const [canned, setCanned] = useState<Canned[]>([])
    const [at, setAt] = useState(0)
    const offered = props.mode === 'reply' ? matching(canned, text, props.language) : []
    const pick = (c: Canned) => {
        setText(c.text.replaceAll('{name}', props.name))
        field.current?.focus()
    }
    useEffect(() => {
        if (text === '/') api.canned().then(setCanned, () => undefined)
        setAt(0)
    }, [text])
    useEffect(() => {
        if (text) localStorage.setItem(draft, text)
        else localStorage.removeItem(draft)
    }, [text])
    useEffect(() => {
        if (!first.current) field.current?.focus()
        first.current = false
    }, [props.mode])
    const send = () => {
        const words = text.trim()
        if (!words) return
        props.send(words, props.mode)
        setText('')
    }
    return (
        <form
            class={`composer ${props.mode}`}
            onSubmit={(e) => {
                e.preventDefault()
                send()
            }}
        >
            <div class="modes">
                {(['reply', 'note'] as const).map((m) => (
                    <button key={m} type="button" aria-pressed={props.mode === m} onClick={() => props.setMode(m)}>
                        {t(m)}
                    </button>
                ))}
            </div>
            <ul class="canned" id="canned" role="listbox" aria-label={t('cannedReplies')} hidden={!offered.length}>
                {offered.map((c, i) => (
                    <li key={c.shortcut} id={`canned-${i}`} role="option" aria-selected={i === at} onMouseDown={(e) => e.preventDefault()} onClick={() => pick(c)}>
                        <b>/{c.shortcut}</b> {c.text}
                    </li>
                ))}
            </ul>
            <textarea
                ref={field}
                rows={3}
                maxLength={4096}
                value={text}
                aria-label={t(props.mode)}
                placeholder={t(props.mode === 'reply' ? 'writeReply' : 'writeNote')}
                onInput={(e) => setText(e.currentTarget.value)}
                role="combobox"
                aria-expanded={offered.length > 0}
                aria-controls="canned"
                aria-autocomplete="list"
                aria-activedescendant={offered.length ? `canned-${at}` : undefined}
                onKeyDown={(e) => {
                    if (offered.length && ['ArrowDown', 'ArrowUp', 'Enter', 'Tab', 'Escape'].includes(e.key)) {
                        e.preventDefault()
                        if (e.key === 'ArrowDown') setAt((at + 1) % offered.length)
                        else if (e.key === 'ArrowUp') setAt((at + offered.length - 1) % offered.length)
                        else if (e.key === 'Escape') setText('')
                        else pick(offered[at])
                        return
                    }
                    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
                        e.preventDefault()
                        send()
                    }
                }}
            />
            <button class="main" disabled={!text.trim()}>
                {t(props.mode === 'reply' ? 'send' : 'saveNote')}
            </button>
        </form>
    )
}
