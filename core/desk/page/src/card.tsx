// SPDX-License-Identifier: Apache-2.0
// The handover card: what a person reads instead of the history.
import type { CardLine, Conversation, Message } from './api'
import { clock, day, known, t } from './words'

function show(id: string) {
    const bubble = document.getElementById(id)
    bubble?.scrollIntoView({ block: 'center' })
    bubble?.focus()
}

export function Card({ conversation: c, messages }: { conversation: Conversation; messages: Message[] }) {
    const here = new Set(messages.map((m) => m.message_id))
    const lines = new Map<string, CardLine[]>()
    for (const line of c.card) lines.set(line.name, [...(lines.get(line.name) ?? []), line])
    const wide = matchMedia('(min-width: 60rem)').matches
    return (
        <details class="card" open={wide && (c.owner === 'queued' || c.owner === 'human')}>
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
                                {line.message_id && here.has(line.message_id) && (
                                    <button class="plain source" title={t('showMessage')} aria-label={t('showMessage')} onClick={() => show(line.message_id!)}>
                                        ↓
                                    </button>
                                )}
                            </dd>
                        ))}
                    </div>
                ))}
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
