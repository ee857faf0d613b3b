// SPDX-License-Identifier: Apache-2.0
// Where a person writes. What is not sent yet is kept for each conversation, also over a reload.
import { useEffect, useRef, useState } from 'preact/hooks'
import { t } from './words'

export interface Pending {
    key: string
    text: string
    kind: 'reply' | 'note'
    at: number
    state: 'sending' | 'refused' | 'unconfirmed'
    why?: string
}

export function Composer(props: { id: string; mode: 'reply' | 'note'; setMode: (m: 'reply' | 'note') => void; send: (text: string, kind: 'reply' | 'note') => void }) {
    const draft = `draft ${props.id}`
    const [text, setText] = useState(localStorage.getItem(draft) ?? '')
    const field = useRef<HTMLTextAreaElement>(null)
    const first = useRef(true)
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
            <textarea
                ref={field}
                rows={3}
                maxLength={4096}
                value={text}
                aria-label={t(props.mode)}
                placeholder={t(props.mode === 'reply' ? 'writeReply' : 'writeNote')}
                onInput={(e) => setText(e.currentTarget.value)}
                onKeyDown={(e) => {
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
