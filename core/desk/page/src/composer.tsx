// SPDX-License-Identifier: Apache-2.0
// Where a person writes. What is not sent yet is kept for each conversation, also over a reload; what was meant as a note never becomes an answer.
import { useEffect, useImperativeHandle, useRef, useState } from 'preact/hooks'
import type { Ref } from 'preact'
import { api, type Agent, type Canned, type Message } from './api'
import { t } from './words'

export type Kind = 'reply' | 'note' | 'template' | 'file'
export interface Pending {
    key: string
    text: string
    kind: Kind
    body: object // as it is sent, besides the text
    file?: File
    after: string // the place of the last entry of the history when it was sent
    taken: boolean // by the server: it will be in the history
    state: 'sending' | 'refused' | 'unconfirmed'
    why?: string
}

export interface Writing {
    insert: (text: string) => void
    focus: () => void
    attach: () => void
}

interface Offer {
    key: string
    name: string
    words: string
    text: string // what the field holds when it is picked
}

// What `/word` stands for: those in the customer's language first.
function canned(all: Canned[], text: string, language: string | null, name: string): Offer[] {
    const word = text.match(/^\/([a-z0-9_-]*)$/)?.[1]
    if (word === undefined) return []
    const fits = all.filter((c) => c.shortcut.includes(word))
    return fits
        .sort((a, b) => Number(b.language === language) - Number(a.language === language))
        .slice(0, 6)
        .map((c) => ({ key: c.shortcut, name: '/' + c.shortcut, words: c.text, text: c.text.replaceAll('{name}', name) }))
}

// In a note, whom `@word` may ask: by id or name, those who see the conversation.
function colleagues(all: Agent[], text: string, team: string | null): Offer[] {
    const word = text.match(/(?:^|[^\w@])@([\w.-]*)$/)?.[1]?.toLowerCase()
    if (word === undefined) return []
    return all
        .filter((a) => (!team || a.teams.includes(team)) && (a.agent_id.toLowerCase().startsWith(word) || a.name.toLowerCase().startsWith(word)))
        .slice(0, 6)
        .map((a) => ({ key: a.agent_id, name: '@' + a.agent_id, words: a.name, text: text.slice(0, text.length - word.length) + a.agent_id + ' ' }))
}

export const FILES = 'image/jpeg,image/png,application/pdf,audio/mpeg,audio/ogg,audio/mp4,video/mp4'

export function Composer(props: {
    id: string
    login: string
    name: string
    language: string | null
    team: string | null
    agents: Agent[]
    mode: 'reply' | 'note'
    setMode: (m: 'reply' | 'note') => void
    quoted: Message | null
    unquote: () => void
    send: (text: string, kind: Kind, body?: object, file?: File) => void
    writing: Ref<Writing>
    over: boolean // the 24 hours are: only a template, or a note
}) {
    const draft = (mode: 'reply' | 'note') => `draft ${mode} ${props.login} ${props.id}`
    const [texts, setTexts] = useState({ reply: localStorage.getItem(draft('reply')) ?? '', note: localStorage.getItem(draft('note')) ?? '' })
    const text = texts[props.mode]
    const [refused, setRefused] = useState('') // what was written when the offers were sent away
    const setText = (words: string) => {
        setTexts((was) => ({ ...was, [props.mode]: words }))
        setRefused('')
    }
    const field = useRef<HTMLTextAreaElement>(null)
    const first = useRef(true)
    const [replies, setReplies] = useState<Canned[]>([])
    const [at, setAt] = useState(0)
    const [file, setFile] = useState<File | null>(null)
    const picker = useRef<HTMLInputElement>(null)
    const fits = props.mode === 'reply' ? canned(replies, text, props.language, props.name) : colleagues(props.agents, text, props.team)
    const offered = text === refused ? [] : fits
    const closed = props.over && props.mode === 'reply' // what is written is kept, but goes nowhere
    const pick = (o: Offer) => {
        setText(o.text)
        field.current?.focus()
    }
    useImperativeHandle(props.writing, () => ({
        insert(words: string) {
            props.setMode('reply')
            setTexts((was) => ({ ...was, reply: was.reply.trim() ? was.reply.trimEnd() + '\n' + words : words }))
            field.current?.focus()
        },
        focus: () => field.current?.focus(),
        attach: () => picker.current?.click(),
    }))
    useEffect(() => {
        if (text === '/') api.canned().then(setReplies, () => undefined)
        setAt(0)
    }, [text])
    useEffect(() => {
        for (const mode of ['reply', 'note'] as const)
            if (texts[mode]) localStorage.setItem(draft(mode), texts[mode])
            else localStorage.removeItem(draft(mode))
    }, [texts])
    useEffect(() => {
        if (!first.current) field.current?.focus()
        first.current = false
    }, [props.mode, props.quoted])
    const send = () => {
        const words = text.trim()
        if (file && props.mode === 'reply') {
            props.send(words, 'file', {}, file)
            setFile(null)
        } else {
            if (!words) return
            props.send(words, props.mode, props.mode === 'reply' && props.quoted ? { to: quotable(props.quoted) } : {})
        }
        props.unquote()
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
                {props.mode === 'reply' && !closed && (
                    <>
                        <input ref={picker} type="file" hidden accept={FILES} onChange={(e) => setFile(e.currentTarget.files?.[0] ?? null)} />
                        <button type="button" class="plain" onClick={() => picker.current?.click()}>
                            {t('attach')}
                        </button>
                    </>
                )}
            </div>
            {!closed && (
                <>
                    {props.mode === 'reply' && props.quoted && (
                        <p class="quoting">
                            <span>
                                {t('answering')} «{props.quoted.text || t('media', props.quoted.type ?? '')}»
                            </span>
                            <button type="button" class="plain small" aria-label={t('cancelQuote')} onClick={props.unquote}>
                                ×
                            </button>
                        </p>
                    )}
                    {props.mode === 'reply' && file && (
                        <p class="quoting">
                            <span>
                                {file.name} · {Math.ceil(file.size / 1024)} KB
                            </span>
                            <button type="button" class="plain small" aria-label={t('discard')} onClick={() => setFile(null)}>
                                ×
                            </button>
                        </p>
                    )}
                    <ul class="canned" id="canned" role="listbox" aria-label={t(props.mode === 'reply' ? 'cannedReplies' : 'agents')} hidden={!offered.length}>
                        {offered.map((o, i) => (
                            <li key={o.key} id={`canned-${i}`} role="option" aria-selected={i === at} onMouseDown={(e) => e.preventDefault()} onClick={() => pick(o)}>
                                <b>{o.name}</b> {o.words}
                            </li>
                        ))}
                    </ul>
                    <textarea
                        ref={field}
                        rows={3}
                        maxLength={file ? 1024 : 4096}
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
                                else if (e.key === 'Escape') setRefused(e.currentTarget.value)
                                else pick(offered[at])
                                return
                            }
                            if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
                                e.preventDefault()
                                send()
                            }
                        }}
                    />
                    <button class="main" disabled={!text.trim() && !(file && props.mode === 'reply')}>
                        {t(props.mode === 'reply' ? 'send' : 'saveNote')}
                    </button>
                </>
            )}
        </form>
    )
}

// WhatsApp's id of a message, by which it can be quoted.
export const quotable = (m: Message) => (m.part > 0 ? m.send?.message_id : m.message_id) ?? ''
