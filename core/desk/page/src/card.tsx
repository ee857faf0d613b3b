// SPDX-License-Identifier: Apache-2.0
// The handover card: what a person reads instead of the history.
import { useState } from 'preact/hooks'
import type { Answer, CardLine, Conversation, Message } from './api'
import { Mood } from './mood'
import { clock, day, known, t } from './words'

export function Card(props: {
    conversation: Conversation
    messages: Message[]
    suggestion: Answer | null
    show: (message_id: string) => void
    insert?: (text: string) => void
}) {
    const c = props.conversation
    const lines = new Map<string, CardLine[]>()
    for (const line of c.card) lines.set(line.name, [...(lines.get(line.name) ?? []), line])
    const wide = matchMedia('(min-width: 60rem)').matches
    const [open] = useState(wide && (c.owner === 'queued' || c.owner === 'human'))
    const suggested = props.suggestion?.answer ? props.suggestion : null
    if (!c.card.length && !suggested && !c.actions.length) return null
    return (
        <details class="card" open={open}>
            <summary>
                {t('cardTitle')}
                {c.trigger && <span class="tag">{c.trigger}</span>}
            </summary>
            <dl>
                {[...lines].map(([name, of]) => (
                    <div key={name}>
                        <dt>{known(name) ? t(name) : name}</dt>
                        {of.map((line, i) => (
                            <dd key={i}>
                                {line.text}
                                {line.message_id && (
                                    <button class="plain source" title={t('showMessage')} aria-label={t('showMessage')} onClick={() => props.show(line.message_id!)}>
                                        ↓
                                    </button>
                                )}
                                {name === 'sentiment' && <Mood messages={props.messages} />}
                            </dd>
                        ))}
                    </div>
                ))}
                {!lines.has('sentiment') && (
                    <div>
                        <dd>
                            <Mood messages={props.messages} />
                        </dd>
                    </div>
                )}
                {suggested && (
                    <div>
                        <dt>{t('suggested')}</dt>
                        <dd>
                            {suggested.answer} <span class="quiet">({suggested.article})</span>
                            {props.insert && (
                                <button class="suggest" title="Alt+I" onClick={() => props.insert!(suggested.answer!)}>
                                    {t('insert')}
                                </button>
                            )}
                        </dd>
                    </div>
                )}
            </dl>
            {c.actions.length > 0 && (
                <details>
                    <summary>{t('past')}</summary>
                    <ul class="past">
                        {c.actions.map((a, i) => (
                            <li key={i}>
                                {day(a.at)} {clock(a.at)} · {a.action}
                                {a.who ? ` · ${a.who}` : ''}
                                {a.why ? ` · ${a.why}` : ''}
                            </li>
                        ))}
                    </ul>
                </details>
            )}
        </details>
    )
}
