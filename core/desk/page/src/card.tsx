// SPDX-License-Identifier: Apache-2.0
// The handover card: what a person reads instead of the history.
import { useState } from 'preact/hooks'
import type { Answer, CardLine, Conversation, Message } from './api'
import type { Names } from './bubble'
import { pressed } from './keys'
import { Mood, moods } from './mood'
import { clock, day, known, t, type Key } from './words'

// Where a field's name says something else in this page.
const titles: Record<string, Key> = { changed: 'changed_fields' }

// What is known, as "guests: 150"; was: what it was before they corrected it. A name with a dot is the machine's own, and comes last.
interface Fact {
    name: string
    value: string
    was: string | null
    message_id?: string | null
}

function facts(card: CardLine[]): Fact[] {
    const named = (text: string) => [text.slice(0, text.indexOf(': ')), text.slice(text.indexOf(': ') + 2)]
    const changed = new Map(card.filter((l) => l.name === 'changed').map((l) => [named(l.text)[0], named(l.text)[1]]))
    const all = card
        .filter((l) => l.name === 'data' && l.text.includes(': '))
        .map((l) => {
            const [name, value] = named(l.text)
            const change = changed.get(name)
            return { name, value, was: change?.endsWith(` → ${value}`) ? change.slice(0, -value.length - 3) : null, message_id: l.message_id }
        })
    return [...all.filter((f) => !f.name.includes('.')), ...all.filter((f) => f.name.includes('.'))]
}

function Facts({ of, show }: { of: Fact[]; show: (message_id: string) => void }) {
    return (
        <ul class="facts">
            {of.map((f) => (
                <li key={f.name}>
                    <span class="quiet">{f.name.replace(/_/g, ' ')}</span>{' '}
                    {f.was !== null && (
                        <>
                            <span class="hidden">{t('changed_fields')}:</span> <del>{f.was}</del>{' '}
                        </>
                    )}
                    {f.value}
                    <Source of={f} show={show} />
                </li>
            ))}
        </ul>
    )
}

function Source({ of, show }: { of: { message_id?: string | null }; show: (message_id: string) => void }) {
    if (!of.message_id) return null
    return (
        <button class="plain source" title={t('showMessage')} aria-label={t('showMessage')} onClick={() => show(of.message_id!)}>
            ↓
        </button>
    )
}

export interface Suggestion {
    article: string
    text: string
}

// What may help: the card's articles (docs/desk.md, The card), and where it has none, what the knowledge base says to the last words.
export function suggestions(card: CardLine[], asked: Answer | null): Suggestion[] {
    const own = card
        .filter((line) => line.name === 'suggested' && line.text.includes('\n'))
        .map((line) => ({ article: line.text.slice(0, line.text.indexOf('\n')), text: line.text.slice(line.text.indexOf('\n') + 1).trim() }))
    return own.length || !asked?.answer ? own : [{ article: asked.article ?? '', text: asked.answer }]
}

export function Card(props: {
    conversation: Conversation
    messages: Message[]
    suggested: Suggestion[]
    name: Names
    show: (message_id: string) => void
    insert?: (text: string) => void
}) {
    const c = props.conversation
    const lines = new Map<string, CardLine[]>()
    // Suggestions come last, with a button; the window, the name, the number and the language are in the head; a correction stands with what is known.
    const facts_ = facts(c.card)
    const elsewhere = (l: CardLine) =>
        l.name === 'suggested' || l.name === 'window' ||
        (l.name === 'customer' && [c.customer_name, `+${c.wa_id}`, c.language].includes(l.text.slice(l.text.indexOf(': ') + 2))) ||
        (l.name === 'changed' && facts_.some((f) => f.was !== null && l.text === `${f.name}: ${f.was} → ${f.value}`))
    for (const line of c.card.filter((l) => !elsewhere(l))) lines.set(line.name, [...(lines.get(line.name) ?? []), line])
    const drawn = moods(props.messages).length > 1
    const wide = matchMedia('(min-width: 60rem)').matches
    const [open] = useState(wide && (c.owner === 'queued' || c.owner === 'human'))
    if (!c.card.length && !props.suggested.length && !c.actions.length) return null
    return (
        <details class="card" open={open}>
            <summary>
                {t('cardTitle')}
                {c.trigger && <span class="tag">{c.trigger}</span>}
            </summary>
            <dl>
                {[...lines].map(([name, of]) => (
                    <div key={name}>
                        <dt>{titles[name] ? t(titles[name]) : known(name) ? t(name) : name}</dt>
                        {name === 'data' && facts_.length === of.length ? (
                            <dd>
                                <Facts of={facts_} show={props.show} />
                            </dd>
                        ) : name === 'sentiment' && drawn ? (
                            <dd>
                                <Mood messages={props.messages} />
                            </dd>
                        ) : (
                            of.map((line, i) => (
                                <dd key={i}>
                                    {line.text}
                                    <Source of={line} show={props.show} />
                                </dd>
                            ))
                        )}
                    </div>
                ))}
                {!lines.has('sentiment') && drawn && (
                    <div>
                        <dt>{t('sentiment')}</dt>
                        <dd>
                            <Mood messages={props.messages} />
                        </dd>
                    </div>
                )}
                {props.suggested.length > 0 && (
                    <div>
                        <dt>{t('suggested')}</dt>
                        {props.suggested.map((one, i) => (
                            <dd key={one.article}>
                                {one.text} <span class="quiet">({one.article})</span>
                                {props.insert && (
                                    <button class="suggest" title={i === 0 ? pressed('insert') : undefined} onClick={() => props.insert!(one.text)}>
                                        {t(i === 0 ? 'insert' : 'insertOther')}
                                    </button>
                                )}
                            </dd>
                        ))}
                    </div>
                )}
            </dl>
            {c.actions.length > 0 && (
                <details>
                    <summary>{t('past')}</summary>
                    <ul class="past">
                        {c.actions.map((a, i) => (
                            <li key={i}>
                                {day(a.at)} {clock(a.at)} · {known(`did_${a.action}`) ? t(`did_${a.action}` as Key, props.name(a.to_agent)) : a.action}
                                {a.by === 'agent' && a.who && a.who !== 'business_phone' ? ` · ${props.name(a.who)}` : ''}
                                {a.why ? ` · ${a.why}` : ''}
                            </li>
                        ))}
                    </ul>
                </details>
            )}
        </details>
    )
}
