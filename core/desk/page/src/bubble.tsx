// SPDX-License-Identifier: Apache-2.0
// One entry of the history: a message as it is (media, quote, choices, reactions), a note, or a line about what was done.
import type { Message } from './api'
import { clock, day, known, t, type Key } from './words'

export const place = (m: Message) => `${m.at}|${m.lane}|${m.seq}|${m.part}`
export const ranks = ['sent', 'delivered', 'read', 'played', 'failed']

export type Names = (agent: string | null) => string
// What the messages that are loaded say about each other.
export interface Relations {
    byId: Map<string, Message> // WhatsApp's id
    reactions: Map<string, string[]>
    edited: Map<string, Message>
    revoked: Set<string>
}

export function relate(messages: Message[]): Relations {
    const r: Relations = { byId: new Map(), reactions: new Map(), edited: new Map(), revoked: new Set() }
    const latest = new Map<string, string>() // of each message and author
    for (const m of messages) {
        const id = m.part > 0 ? m.send?.message_id : m.message_id
        const of = m.extra?.context_id
        if (id) r.byId.set(id, m)
        if (!of) continue
        if (m.type === 'reaction') latest.set(`${of} ${m.by}`, m.text ?? '')
        else if (m.type === 'edit') r.edited.set(of, m)
        else if (m.type === 'revoke') r.revoked.add(of)
    }
    for (const [key, emoji] of latest) if (emoji) r.reactions.set(key.split(' ')[0], [...(r.reactions.get(key.split(' ')[0]) ?? []), emoji])
    return r
}

// True for what is shown at the message that it is about, if that one is here.
export const elsewhere = (m: Message, r: Relations) => ['reaction', 'edit', 'revoke'].includes(m.type ?? '') && r.byId.has(m.extra?.context_id ?? '')

// What became of a message of ours: what the status webhooks said, else what sending it came to.
function Delivery({ m, statuses }: { m: Message; statuses: Record<string, string> }) {
    const live = m.send?.message_id ? statuses[m.send.message_id] : undefined
    const status = ranks[Math.max(ranks.indexOf(live ?? ''), ranks.indexOf(m.status ?? ''))]
    const word = m.send?.state === 'failed' ? 'failed' : status === 'played' ? 'read' : (status ?? m.send?.state)
    if (!word || !known(word)) return null
    return (
        <span class={`delivery ${word}`}>
            {t(word as Key)}
            {m.send?.error && word === 'failed' ? `: ${m.send.error}` : ''}
        </span>
    )
}

// Notes that Relevo itself wrote for an agent (desk.snooze, desk.tag): a line, in the reader's language.
export function told(m: Message): string {
    if (m.what !== 'note' || !m.text) return ''
    const until = m.text.match(/^snoozed until (\d{4}-\d\d-\d\dT[\d:]+Z)$/)?.[1]
    if (until) return t('snoozedLine', `${day(until)} ${clock(until)}`)
    if (m.text === 'snoozed until the customer writes') return t('snoozedOpenLine')
    if (m.text === 'woken') return t('wokenLine')
    const tags = m.text.match(/^tags: ((?:[+-][^,]+(?:, )?)+)$/)?.[1]
    return tags ? t('tagsLine', tags) : ''
}

export function Line({ m, name, to }: { m: Message; name: Names; to: string | null }) {
    const words: Partial<Record<string, string>> = {
        take_over: t('takeoverLine', name(m.agent_id)),
        assign: t('assignLine', name(to)),
        return: t('returnLine'),
        resolve: t('resolveLine'),
        requeue: t('requeueLine'),
        moved: t('movedLine'),
        failed: t('failedLine'),
        waiting: t('waitingLine'),
        nobody: t('nobodyLine'),
        follow_up: t('followUpLine'),
    }
    const own = told(m)
    return (
        <li class={`line ${m.what}`}>
            <span>
                {own ? `${name(m.agent_id)}: ${own}` : (words[m.what] ?? m.what)}
                {!own && m.text && m.what !== 'return' ? `: ${m.text}` : ''} <time>{clock(m.at)}</time>
            </span>
        </li>
    )
}

// Words that were looked for, and in notes colleagues who are asked, stand out.
function Words({ text, find, note }: { text: string; find: string; note: boolean }) {
    const quoted = find.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const parts = [quoted && `(?:${quoted})`, note && '(?<![\\w@])@[A-Za-z0-9][\\w.-]*'].filter(Boolean)
    if (!parts.length) return <p>{text}</p>
    return (
        <p>
            {text.split(new RegExp(`(${parts.join('|')})`, 'giu')).map((piece, i) =>
                i % 2 === 0 ? piece : note && piece[0] === '@' ? <b key={i}>{piece}</b> : <mark key={i}>{piece}</mark>,
            )}
        </p>
    )
}

const kinds = ['image', 'sticker', 'audio', 'voice', 'video', 'document']

// A file is fetched when it is looked at: pictures at once, all else on a click.
function Media({ conversation, m }: { conversation: string; m: Message }) {
    const x = m.extra
    const id = x?.media_id ?? x?.media?.id
    const type = x?.media?.kind ?? m.type ?? ''
    const name = x?.filename ?? x?.media?.name
    const url = id ? `/api/conversations/${conversation}/media?${new URLSearchParams({ media: id })}` : undefined
    const words = kinds.includes(type) && known(`kind_${type}`) ? t(`kind_${type}` as Key) : type
    if (x?.location) {
        const { latitude, longitude, name: called, address } = x.location
        const at = `${Number(latitude)},${Number(longitude)}`
        return (
            <span class="media">
                {t('kind_location')}{' '}
                <a href={`https://www.openstreetmap.org/?mlat=${Number(latitude)}&mlon=${Number(longitude)}#map=16/${at.replace(',', '/')}`} target="_blank" rel="noopener noreferrer">
                    {at}
                </a>
                {called && called !== m.text ? ` · ${called}` : ''}
                {address && address !== m.text ? ` · ${address}` : ''}
            </span>
        )
    }
    if (m.type === 'contacts')
        return (
            <span class="media">
                {t('kind_contacts')} {x?.numbers?.join(', ')}
            </span>
        )
    if (url && (type === 'image' || type === 'sticker'))
        return (
            <a href={url} target="_blank" rel="noopener noreferrer" class="picture">
                <img src={url} alt={m.text || words} loading="lazy" onError={(e) => e.currentTarget.closest('a')?.classList.add('absent')} />
                <span class="media">{words}</span>
            </a>
        )
    if (url && ['audio', 'voice'].includes(type)) return <audio controls preload="none" src={url} aria-label={words} />
    if (url && type === 'video') return <video controls preload="none" src={url} aria-label={words} />
    if (url)
        return (
            <a class="media" href={url} target="_blank" rel="noopener noreferrer">
                {words}
                {name ? ` · ${name}` : ''}
            </a>
        )
    if (x?.media?.url) return <span class="media">{words}</span>
    return m.type && !['text', 'note', 'interactive', 'button', 'edit', 'reaction', 'revoke'].includes(m.type) ? <span class="media">{t('media', words)}</span> : null
}

export function Bubble(props: {
    m: Message
    conversation: string
    name: Names
    statuses: Record<string, string>
    related: Relations
    find: string
    show: (message_id: string) => void
    quote?: (m: Message) => void
}) {
    const { m, name, related } = props
    const note = m.what === 'note'
    const who = m.by === 'customer' ? t('customer') : m.by === 'bot' ? t('bot') : m.by === 'agent' ? name(m.agent_id) : t('system')
    const id = m.part > 0 ? m.send?.message_id : m.message_id
    const edit = id ? related.edited.get(id) : undefined
    const revoked = id ? related.revoked.has(id) : false
    const reactions = id ? related.reactions.get(id) : undefined
    const context = m.extra?.context_id
    const quoted = context ? related.byId.get(context) : undefined
    const text = edit ? edit.text : m.text
    return (
        <>
            <li class={`bubble ${m.by}${note ? ' private' : ''}`} id={m.message_id ?? undefined} tabIndex={-1}>
                <span class="who">
                    {who}
                    {note ? ` · ${t('note')}` : ''}
                    {m.extra?.template ? ` · ${t('templateUsed', m.extra.template)}` : ''}
                    {m.type === 'reaction' ? ` · ${t('reacted')}` : ''}
                </span>
                {context && m.type !== 'reaction' && (
                    <button class="plain quoted" onClick={() => props.show(context)} title={t('showMessage')}>
                        {quoted?.text || (quoted ? t('media', quoted.type ?? '') : t('earlierMessage'))}
                    </button>
                )}
                {revoked || m.type === 'revoke' ? (
                    <p class="quiet">{t('revoked')}</p>
                ) : (
                    <>
                        <Media conversation={props.conversation} m={m} />
                        {text && <Words text={text} find={props.find} note={note} />}
                    </>
                )}
                {m.extra?.choices && (
                    <ul class="choices" aria-label={t('choices')}>
                        {m.extra.choices.map((c) => (
                            <li key={c}>{c}</li>
                        ))}
                    </ul>
                )}
                <span class="meta">
                    {m.extra?.reply_id && <span>{t('chosen')}</span>}
                    {(edit || m.type === 'edit') && <span>{t('edited')}</span>}
                    <time dateTime={m.at}>{clock(m.at)}</time>
                    {m.source && m.by === 'bot' && !m.source.startsWith('notice.') && <span title={m.source}>{m.source}</span>}
                    <Delivery m={m} statuses={props.statuses} />
                    {props.quote && id && !note && !revoked && (
                        <button class="plain small" onClick={() => props.quote!(m)} aria-label={t('quote', (m.text ?? '').slice(0, 40))} title={t('quoteThis')}>
                            ↩
                        </button>
                    )}
                </span>
                {reactions && (
                    <span class="reactions" aria-label={t('reactions')}>
                        {reactions.join(' ')}
                    </span>
                )}
            </li>
            {m.by === 'customer' && m.trigger && (
                <li class="line handoff">
                    <span>{t('handoffLine', m.trigger)}</span>
                </li>
            )}
        </>
    )
}
