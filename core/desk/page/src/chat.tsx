// SPDX-License-Identifier: Apache-2.0
// One conversation: what was said, by whom it is answered, and what a person can do about it.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { api, Failure, type Agent, type Conversation, type Decision, type Message, type Outcome, type Session } from './api'
import { Card } from './card'
import { Composer, type Pending } from './composer'
import { Dialog, shortcut } from './keys'
import { ago, clock, day, known, span, t, type Key } from './words'

const place = (m: Message) => `${m.at}|${m.lane}|${m.seq}|${m.part}`
const ranks = ['sent', 'delivered', 'read', 'played']

// What became of a message of ours: what the status webhooks said, else what sending it came to.
function Delivery({ m, statuses }: { m: Message; statuses: Record<string, string> }) {
    const status = (m.send?.message_id ? statuses[m.send.message_id] : undefined) ?? m.status
    const word = status === 'played' ? 'read' : (status ?? m.send?.state)
    if (!word || !known(word)) return null
    return (
        <span class={`delivery ${word}`}>
            {t(word as Key)}
            {m.send?.error && word === 'failed' ? `: ${m.send.error}` : ''}
        </span>
    )
}

function Line({ m, name, to }: { m: Message; name: (id: string | null) => string; to: string | null }) {
    const words: Partial<Record<string, string>> = {
        take_over: t('takeoverLine', name(m.agent_id)),
        assign: t('assignLine', name(to)),
        return: t('returnLine'),
        resolve: t('resolveLine'),
        requeue: t('requeueLine'),
        moved: t('movedLine'),
        failed: t('failedLine'),
    }
    return (
        <li class={`line ${m.what}`}>
            <span>
                {words[m.what] ?? m.what}
                {m.text && m.what !== 'return' ? `: ${m.text}` : ''} <time>{clock(m.at)}</time>
            </span>
        </li>
    )
}

function Bubble({ m, name, statuses }: { m: Message; name: (id: string | null) => string; statuses: Record<string, string> }) {
    const note = m.what === 'note'
    const who = m.by === 'customer' ? t('customer') : m.by === 'bot' ? t('bot') : m.by === 'agent' ? name(m.agent_id) : t('system')
    return (
        <>
            <li class={`bubble ${m.by}${note ? ' private' : ''}`} id={m.message_id ?? undefined} tabIndex={-1}>
                <span class="who">
                    {who}
                    {note ? ` · ${t('note')}` : ''}
                </span>
                {m.type && !['text', 'note'].includes(m.type) && <span class="media">{t('media', m.type)}</span>}
                {m.text && <p>{m.text}</p>}
                <span class="meta">
                    <time dateTime={m.at}>{clock(m.at)}</time>
                    {m.source && m.by === 'bot' && <span title={m.source}>{m.source}</span>}
                    <Delivery m={m} statuses={statuses} />
                </span>
            </li>
            {m.by === 'customer' && m.trigger && (
                <li class="line handoff">
                    <span>{t('handoffLine', m.trigger)}</span>
                </li>
            )}
        </>
    )
}

// What the bot is to do with the conversation.
function Return({ close, done }: { close: () => void; done: (body: object) => void }) {
    const [later, setLater] = useState(false)
    const [error, setError] = useState('')
    return (
        <Dialog title={t('toBot')} close={close}>
            <div class="purposes">
                <button onClick={() => done({ purpose: 'continue' })}>{t('purposeContinue')}</button>
                <button onClick={() => done({ purpose: 'resume' })}>{t('purposeResume')}</button>
                <button onClick={() => done({ purpose: 'survey' })}>{t('purposeSurvey')}</button>
                <button aria-expanded={later} onClick={() => setLater(!later)}>
                    {t('purposeFollowUp')}
                </button>
            </div>
            {later && (
                <form
                    class="purposes"
                    onSubmit={(e) => {
                        e.preventDefault()
                        const form = new FormData(e.currentTarget)
                        const at = new Date(String(form.get('at')))
                        if (!(at.getTime() > Date.now())) return setError(t('notInThePast'))
                        done({ purpose: 'follow_up', at: at.toISOString(), message: form.get('message'), template: form.get('template') })
                    }}
                >
                    <label>
                        {t('when')} <input type="datetime-local" name="at" required />
                    </label>
                    <label>
                        {t('message')} <textarea name="message" rows={2} maxLength={4096} required />
                    </label>
                    <label>
                        {t('template')} <input name="template" />
                    </label>
                    <p class="wrong" role="alert">
                        {error}
                    </p>
                    <button class="main">{t('toBot')}</button>
                </form>
            )}
        </Dialog>
    )
}

export function Chat(props: {
    id: string
    session: Session
    agents: Agent[]
    told: { n: number; decision: Decision | null }
    next: () => void
    changed: (c: Conversation) => void
    close: () => void
}) {
    const { id, session, agents } = props
    const [conversation, setConversation] = useState<Conversation>()
    const [messages, setMessages] = useState<Message[]>([])
    const [statuses, setStatuses] = useState<Record<string, string>>({})
    const [pending, setPending] = useState<Pending[]>([])
    const [complete, setComplete] = useState(false)
    const [notice, setNotice] = useState('')
    const [returning, setReturning] = useState(false)
    const [mode, setMode] = useState<'reply' | 'note'>('reply')
    const [, tick] = useState(0)
    const scroller = useRef<HTMLDivElement>(null)
    const low = useRef(true) // the end is in view, and stays so
    const height = useRef(0)

    const name = useCallback(
        (agent: string | null) => (agent === session.agent_id ? session.name : (agents.find((a) => a.agent_id === agent)?.name ?? agent ?? t('people'))),
        [agents, session],
    )
    const look = useCallback(async () => {
        try {
            const [c, page] = await Promise.all([api.conversation(id), api.history(id)])
            setConversation(c)
            props.changed(c)
            setMessages((was) => {
                const fresh = new Set(page.map(place))
                const first = page.length ? place(page[0]) : ''
                const older = was.filter((m) => !fresh.has(place(m)) && place(m) < first)
                if (page.length < 80) setComplete(true)
                return [...older, ...page]
            })
            setPending((was) => was.filter((p) => p.state === 'unconfirmed' || !page.some((m) => m.by === 'agent' && m.text === p.text && Date.parse(m.at) >= p.at - 60000)))
        } catch (e) {
            if (e instanceof Failure && e.status === 404) props.close()
        }
    }, [id])

    useEffect(() => {
        look()
        const timer = setInterval(() => tick((n) => n + 1), 20000)
        return () => clearInterval(timer)
    }, [look])

    // Several decisions come of one message: they are looked at together.
    const timer = useRef(0)
    useEffect(() => {
        const d = props.told.decision
        if (d && d.conversation_id !== id) return
        if (d?.kind === 'status' && d.status?.message_id) {
            const { message_id, status } = d.status
            setStatuses((was) => (ranks.indexOf(status) < ranks.indexOf(was[message_id] ?? '') ? was : { ...was, [message_id]: status }))
            return
        }
        clearTimeout(timer.current)
        timer.current = window.setTimeout(look, 120)
    }, [props.told.n])

    useLayoutEffect(() => {
        const s = scroller.current
        if (s && low.current) s.scrollTop = s.scrollHeight
        else if (s && height.current) s.scrollTop += s.scrollHeight - height.current
        height.current = 0
    }, [messages, pending])

    const older = async () => {
        if (!messages.length) return
        const page = await api.history(id, place(messages[0])).catch(() => null)
        if (!page) return
        height.current = scroller.current?.scrollHeight ?? 0
        low.current = false
        if (page.length < 80) setComplete(true)
        setMessages((was) => [...page, ...was])
    }

    const lost = (o: Outcome) => {
        if (o.owner === 'human') return t('taken', o.agent_name ?? o.agent_id ?? '', ago(o.since))
        return t('changed', t({ queued: 'nowQueued', bot: 'nowBot', closed: 'nowClosed' }[o.owner] as Key))
    }
    // True when it was done. What was not is said where the person looks.
    const act = async (what: string, body: object = {}): Promise<boolean> => {
        setNotice('')
        try {
            const outcome = await api.act(id, what, body)
            setConversation((c) => c && { ...c, owner: outcome.owner, epoch: outcome.epoch, agent_id: outcome.agent_id, agent_name: outcome.agent_name })
            if (!outcome.done) setNotice(lost(outcome))
            look()
            return outcome.done
        } catch (e) {
            setNotice(e instanceof Failure && e.status ? e.message : t('offline'))
            return false
        }
    }
    const take = () => conversation && (conversation.offered_to === session.agent_id && session.agent_id ? act('accept') : act('take_over', { epoch: conversation.epoch }))
    const resolve = async (then: boolean) => (await act('resolve')) && then && props.next()

    const send = async (text: string, kind: 'reply' | 'note', again?: Pending) => {
        const mine: Pending = again ?? { key: crypto.randomUUID(), text, kind, at: Date.now(), state: 'sending' }
        low.current = true
        setPending((was) => [...was.filter((p) => p.key !== mine.key), { ...mine, state: 'sending', at: Date.now() }])
        const mark = (state?: Pending['state'], why = '') =>
            setPending((was) => (state ? was.map((p) => (p.key === mine.key ? { ...p, state, why } : p)) : was.filter((p) => p.key !== mine.key)))
        try {
            const outcome = await api.act(id, kind, { text })
            if (!outcome.done) mark('refused', lost(outcome))
            else if (kind === 'note') mark()
            look()
        } catch (e) {
            // Nobody answered: it may have been taken, so it is not sent again by itself.
            if (e instanceof Failure && e.status) mark('refused', e.message)
            else mark('unconfirmed')
        }
    }

    useEffect(() => {
        const key = (e: KeyboardEvent) => {
            const what = shortcut(e)
            if (what === 'take') take()
            else if (what === 'reply' || what === 'note') setMode(what)
            else if (what === 'bot') setReturning(true)
            else if (what === 'resolve' || what === 'resolve_next') resolve(what === 'resolve_next')
            else return
            e.preventDefault()
        }
        addEventListener('keydown', key)
        return () => removeEventListener('keydown', key)
    })

    const days = useMemo(() => {
        let last = ''
        return messages.map((m) => {
            const is = day(m.at)
            const shown = is !== last ? is : ''
            last = is
            return shown
        })
    }, [messages])

    if (!conversation) return <p class="nothing" aria-busy="true" />
    const c = conversation
    const mine = c.owner === 'human' && c.agent_id === session.agent_id
    const left = Date.parse(c.window_ends_at) - Date.now()
    const offered = c.owner === 'queued' && c.offered_to !== null && c.offered_to === session.agent_id
    const state = mine ? t('youHaveIt') : c.owner === 'bot' ? t('botHasIt') : c.owner === 'human' ? t('nowHuman', c.agent_name ?? '') : t(c.owner === 'queued' ? 'nowQueued' : 'nowClosed')
    return (
        <article class="chat" aria-label={c.customer_name ?? c.customer_id}>
            <div class="head">
                <button class="plain back" onClick={props.close} aria-label={t('back')}>
                    ←
                </button>
                <div class="title">
                    <h1>{c.customer_name || c.wa_id || c.customer_id}</h1>
                    <span class="quiet">
                        {c.wa_id ? `+${c.wa_id}` : c.customer_id}
                        {c.language ? ` · ${c.language}` : ''}
                        {c.team ? ` · ${c.team}` : ''}
                    </span>
                </div>
                <span class={`state ${c.owner}${mine ? ' mine' : ''}`} role="status">
                    {state}
                </span>
                {session.agent_id && (
                    <div class="actions">
                        {offered && (
                            <>
                                <button class="main" onClick={() => act('accept')} title="Alt+T">
                                    {t('accept')}
                                    {c.offer_ends_at ? ` (${span(Date.parse(c.offer_ends_at) - Date.now())})` : ''}
                                </button>
                                <button onClick={() => act('decline')}>{t('decline')}</button>
                            </>
                        )}
                        {!mine && !offered && (
                            <button class="main" onClick={take} title="Alt+T">
                                {t('takeOver')}
                            </button>
                        )}
                        {mine && (
                            <button onClick={() => setReturning(true)} title="Alt+B">
                                {t('toBot')}
                            </button>
                        )}
                        {(mine || c.owner === 'queued') && (
                            <>
                                <button onClick={() => resolve(false)} title="Alt+E">
                                    {t('resolve')}
                                </button>
                                <button onClick={() => resolve(true)} title="Ctrl+Alt+E">
                                    {t('resolveNext')}
                                </button>
                            </>
                        )}
                        <select
                            aria-label={t('assign')}
                            value=""
                            onChange={(e) => {
                                const to = e.currentTarget.value
                                e.currentTarget.value = ''
                                if (to) act('assign', { to: to === '-' ? '' : to })
                            }}
                        >
                            <option value="">{t('assign')}</option>
                            {c.owner === 'human' && <option value="-">{t('requeue')}</option>}
                            {agents.filter((a) => a.agent_id !== c.agent_id).map((a) => (
                                <option key={a.agent_id} value={a.agent_id}>
                                    {a.name} ({a.load}/{a.capacity})
                                </option>
                            ))}
                        </select>
                    </div>
                )}
            </div>
            {notice && (
                <p class="notice" role="alert">
                    {notice}
                </p>
            )}
            {c.card.length > 0 && <Card conversation={c} messages={messages} />}
            <div
                class="scroller"
                ref={scroller}
                tabIndex={0}
                role="log"
                aria-label={t('list')}
                onScroll={(e) => {
                    const s = e.currentTarget
                    low.current = s.scrollHeight - s.scrollTop - s.clientHeight < 40
                }}
            >
                {!complete && messages.length > 0 && (
                    <button class="plain older" onClick={older}>
                        {t('older')}
                    </button>
                )}
                <ol class="messages">
                    {messages.map((m, i) => (
                        <>
                            {days[i] && (
                                <li class="day" key={'day' + place(m)}>
                                    {days[i]}
                                </li>
                            )}
                            {m.what === 'message' || m.what === 'note' ? (
                                <Bubble key={place(m)} m={m} name={name} statuses={statuses} />
                            ) : (
                                <Line key={place(m)} m={m} name={name} to={c.actions.find((a) => a.epoch === m.epoch && a.to_agent)?.to_agent ?? null} />
                            )}
                        </>
                    ))}
                    {pending.map((p) => (
                        <li key={p.key} class={`bubble agent pending ${p.state}${p.kind === 'note' ? ' private' : ''}`}>
                            <span class="who">{session.name}</span>
                            <p>{p.text}</p>
                            <span class="meta">
                                <span class="delivery">{p.state === 'refused' ? p.why : t(p.state === 'sending' ? 'sending' : 'unconfirmed')}</span>
                                {p.state !== 'sending' && (
                                    <>
                                        <button class="plain" onClick={() => send(p.text, p.kind, p)}>
                                            {t('retry')}
                                        </button>
                                        <button class="plain" onClick={() => setPending((was) => was.filter((o) => o.key !== p.key))}>
                                            {t('discard')}
                                        </button>
                                    </>
                                )}
                            </span>
                        </li>
                    ))}
                </ol>
            </div>
            {session.agent_id && (
                <>
                    <p class={'window' + (left <= 0 ? ' over' : left < 2 * 3600e3 ? ' soon' : '')}>{left > 0 ? t('window', span(left)) : t('windowOver')}</p>
                    <Composer id={id} name={c.customer_name ?? ''} language={c.language} mode={mode} setMode={setMode} send={send} />
                </>
            )}
            {returning && (
                <Return
                    close={() => setReturning(false)}
                    done={(body) => {
                        setReturning(false)
                        act('return', body)
                    }}
                />
            )}
        </article>
    )
}
