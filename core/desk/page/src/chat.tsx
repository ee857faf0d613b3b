// SPDX-License-Identifier: Apache-2.0
// One conversation: what was said, by whom it is answered, and what a person can do about it.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { api, Failure, type Agent, type Answer, type Conversation, type Message, type Outcome, type Session, type Template, type Told } from './api'
import { Bubble, elsewhere, Line, place, ranks, relate, told } from './bubble'
import { Card, suggestions } from './card'
import { Composer, quotable, type Kind, type Pending, type Writing } from './composer'
import { Find } from './find'
import { Head } from './head'
import { useShortcuts } from './keys'
import { Return } from './return'
import { Snooze } from './snooze'
import { Tags } from './tags'
import { Templates } from './templates'
import { ago, day, refusal, t, type Key } from './words'

// What is on its way, of each person and conversation: whoever opens another one and comes back finds it; after a reload too, but for files.
const outbox = new Map<string, Pending[]>()

function onItsWay(of: string): Pending[] {
    if (!outbox.has(of)) {
        const kept: Pending[] = JSON.parse(sessionStorage.getItem(`outbox ${of}`) ?? '[]')
        outbox.set(of, kept.map((p) => (p.state === 'sending' ? { ...p, state: 'unconfirmed' } : p)))
    }
    return outbox.get(of)!
}

function keep(of: string, pending: Pending[]) {
    outbox.set(of, pending)
    const words = pending.filter((p) => !p.file)
    if (words.length) sessionStorage.setItem(`outbox ${of}`, JSON.stringify(words))
    else sessionStorage.removeItem(`outbox ${of}`)
}

// What is still on its way, when these messages are in the history: each of them ends one, rather one that the server took than one that nobody
// answered for.
function still(pending: Pending[], messages: Message[]): Pending[] {
    const arrived = new Set<Pending>()
    const used = new Set<Message>()
    for (const p of [...pending].sort((a, b) => Number(b.taken) - Number(a.taken))) {
        const m = p.state === 'refused' ? undefined : messages.find((m) => m.by === 'agent' && m.text === p.text && place(m) > p.after && !used.has(m))
        if (!m) continue
        arrived.add(p)
        used.add(m)
    }
    return pending.filter((p) => !arrived.has(p))
}

export function Chat(props: {
    id: string
    session: Session
    agents: Agent[]
    told: Told
    offered?: string | null // to whom the list says that it is offered; undefined: the list has it not
    search: string // what the list was searched for
    tags: string[]
    templates: Template[]
    next: () => void
    changed: (c: Conversation) => void
    moved: (id: string) => void // it became a part of this one
    close: () => void
}) {
    const { id, session, agents } = props
    const [conversation, setConversation] = useState<Conversation>()
    const [messages, setMessages] = useState<Message[]>([])
    const [statuses, setStatuses] = useState<Record<string, string>>({})
    const [, redraw] = useState(0)
    const mailbox = `${session.login} ${id}`
    const pending = onItsWay(mailbox)
    const setPending = (change: (was: Pending[]) => Pending[]) => {
        keep(mailbox, change(onItsWay(mailbox)))
        redraw((n) => n + 1)
    }
    const [complete, setComplete] = useState(false)
    const [notice, setNotice] = useState('')
    const [returning, setReturning] = useState(false)
    const [snoozing, setSnoozing] = useState(false)
    const [finding, setFinding] = useState(!!props.search)
    const [find, setFind] = useState(props.search)
    const [quoted, setQuoted] = useState<Message | null>(null)
    const [asked, setAsked] = useState<Answer | null>(null)
    const [wanted, setWanted] = useState('') // id of the element that is to be shown once it is there
    const writing = useRef<Writing>(null)
    const loaded = useRef<Message[]>([])
    const [mode, setMode] = useState<'reply' | 'note'>('reply')
    const [, tick] = useState(0)
    const scroller = useRef<HTMLDivElement>(null)
    const low = useRef(true) // the end is in view, and stays so
    const height = useRef(0)

    const name = useCallback(
        (agent: string | null) => (agent === session.agent_id ? session.name : (agents.find((a) => a.agent_id === agent)?.name ?? agent ?? t('people'))),
        [agents, session],
    )
    // anew: nothing of what is loaded counts, as events were missed that concern it. So it is too where the last page does not reach it. Of several looks
    // at once, what an earlier one brings after a later one is old.
    const looks = useRef({ begun: 0, shown: 0 })
    const look = useCallback(async (anew = false) => {
        const turn = ++looks.current.begun
        try {
            const [c, page] = await Promise.all([api.conversation(id), api.history(id)])
            if (turn < looks.current.shown) return
            looks.current.shown = turn
            if (c.conversation_id !== id) return props.moved(c.conversation_id)
            setConversation(c)
            props.changed(c)
            const fresh = new Set(page.map(place))
            const reaches = !anew && loaded.current.some((m) => fresh.has(place(m)))
            const older = reaches ? loaded.current.filter((m) => !fresh.has(place(m)) && place(m) < place(page[0])) : []
            if (!reaches || page.length < 80) setComplete(page.length < 80)
            loaded.current = [...older, ...page]
            setMessages(loaded.current)
            setPending((was) => still(was, loaded.current))
        } catch (e) {
            if (e instanceof Failure && e.status === 404) props.close()
        }
    }, [id])

    useEffect(() => {
        look()
        if (session.agent_id) api.seen(id).catch(() => undefined)
        const timer = setInterval(() => tick((n) => n + 1), 20000)
        return () => clearInterval(timer)
    }, [look])

    // Several decisions come of one message: they are looked at together. A status may be here before the name of what it is of: that is looked for
    // again, a while. Messages of one conversation are sent one after the other, so the last one's name comes last.
    const timer = useRef(0)
    const missed = useRef(false)
    const early = useRef('')
    const known = (message_id: string) => loaded.current.some((m) => m.send?.message_id === message_id)
    const lookSoon = (wait: number) => {
        clearTimeout(timer.current)
        timer.current = window.setTimeout(async () => {
            const anew = missed.current
            missed.current = false
            await look(anew)
            if (early.current && !known(early.current) && wait < 10000) lookSoon(2 * wait)
            else early.current = ''
        }, wait)
    }
    useEffect(() => {
        const d = props.told.decision
        if (d && d.conversation_id !== id) return
        if (d?.kind === 'status' && d.status?.message_id) {
            const { message_id, status } = d.status
            setStatuses((was) => (ranks.indexOf(status) < ranks.indexOf(was[message_id] ?? '') ? was : { ...was, [message_id]: status }))
            if (known(message_id)) return
            early.current = message_id
        }
        missed.current ||= props.told.missed
        lookSoon(120)
    }, [props.told.n])
    // Who is asked to take it is known to Postgres alone, and no decision tells of it: the list learns of it when it asks, now and then.
    useEffect(() => {
        if (conversation && props.offered !== undefined && props.offered !== conversation.offered_to) lookSoon(0)
    }, [props.offered])
    useEffect(() => () => clearTimeout(timer.current), [])

    useLayoutEffect(() => {
        const s = scroller.current
        if (s && low.current) s.scrollTop = s.scrollHeight
        else if (s && height.current) s.scrollTop += s.scrollHeight - height.current
        height.current = 0
    }, [messages, pending.length])

    // The card above it grows, the window is made smaller, a picture arrives: the end stays in view.
    useEffect(() => {
        const s = scroller.current
        if (!s) return
        const keep = new ResizeObserver(() => {
            if (low.current) s.scrollTop = s.scrollHeight
        })
        keep.observe(s)
        keep.observe(s.lastElementChild!)
        return () => keep.disconnect()
    }, [!!conversation])

    loaded.current = messages
    // Loads what came before, once at a time; false when there is no more, or nobody answered.
    const loading = useRef<Promise<boolean> | null>(null)
    const older = (limit = 80) => (loading.current ??= load(limit).finally(() => (loading.current = null)))
    const load = async (limit: number): Promise<boolean> => {
        const first = loaded.current[0]
        const page = first && (await api.history(id, place(first), limit).catch(() => null))
        if (!page) return false
        height.current = scroller.current?.scrollHeight ?? 0
        low.current = false
        if (page.length < limit) setComplete(true)
        loaded.current = [...page, ...loaded.current]
        setMessages(loaded.current)
        return page.length === limit
    }
    // Shows a message, wherever it is in the history.
    const show = async (is: (m: Message) => boolean) => {
        let more = !complete
        for (;;) {
            const m = loaded.current.find(is)
            if (m) {
                low.current = false
                setWanted(m.message_id ?? place(m))
                return
            }
            if (!more) return
            more = await older(200)
        }
    }
    const showId = (message_id: string) => show((m) => quotable(m) === message_id || m.message_id === message_id)
    useLayoutEffect(() => {
        if (!wanted) return
        const bubble = document.getElementById(wanted)
        if (!bubble) return
        setWanted('')
        bubble.scrollIntoView({ block: 'center' })
        if (document.activeElement?.tagName !== 'INPUT') bubble.focus()
        for (const before of document.querySelectorAll('.bubble.shown')) before.classList.remove('shown')
        bubble.classList.add('shown')
    }, [wanted, messages])

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
            setNotice(e instanceof Failure && e.status ? refusal(e.code, e.message) : t('offline'))
            return false
        }
    }
    // What changed under a person's finger they have not read yet: they take what they saw a moment before, or nothing.
    const seen = useRef<{ epoch: number; at: number }[]>([])
    if (conversation && seen.current[seen.current.length - 1]?.epoch !== conversation.epoch) seen.current = [...seen.current.slice(-4), { epoch: conversation.epoch, at: Date.now() }]
    const read = () => (seen.current.filter((s) => s.at < Date.now() - 1500).pop() ?? seen.current[0]).epoch
    const take = () => conversation && (conversation.offered_to === session.agent_id && session.agent_id ? act('accept') : act('take_over', { epoch: read() }))
    const resolve = async (then: boolean) => (await act('resolve')) && then && props.next()

    const send = async (text: string, kind: Kind, body: object = {}, file?: File, again?: Pending) => {
        const mine: Pending = again ?? { key: crypto.randomUUID(), text, kind, body, file, after: loaded.current.length ? place(loaded.current[loaded.current.length - 1]) : '', taken: false, state: 'sending' }
        low.current = true
        setPending((was) => [...was.filter((p) => p.key !== mine.key), { ...mine, state: 'sending' }])
        const mark = (state?: Pending['state'], why = '') =>
            setPending((was) => (state ? was.map((p) => (p.key === mine.key ? { ...p, state, why } : p)) : was.filter((p) => p.key !== mine.key)))
        try {
            const outcome = file ? await api.upload(id, file, text) : await api.act(id, kind, kind === 'template' ? body : { text, ...body })
            if (!outcome.done) mark('refused', lost(outcome))
            else if (kind === 'note' || kind === 'file') mark()
            else setPending((was) => was.map((p) => (p.key === mine.key ? { ...p, taken: true } : p)))
            look()
        } catch (e) {
            // Nobody answered: it may have been taken, so it is not sent again by itself.
            if (e instanceof Failure && e.status) mark('refused', refusal(e.code, e.message))
            else mark('unconfirmed')
        }
    }

    useShortcuts((what) => {
        if (what === 'take') take()
        else if (what === 'reply' || what === 'note') {
            setMode(what)
            writing.current?.focus()
        } else if (what === 'bot') mine && setReturning(true)
        else if (what === 'snooze') mine && setSnoozing(true)
        else if (what === 'attach') mine && writing.current?.attach()
        else if (what === 'find') setFinding(true)
        else if (what === 'tags') document.querySelector<HTMLInputElement>('.addtag')?.focus()
        else if (what === 'insert') suggested[0] && writing.current?.insert(suggested[0].text)
        else if (what === 'resolve' || what === 'resolve_next') resolve(what === 'resolve_next')
        else return false
        return true
    })

    const mine = conversation?.owner === 'human' && conversation.agent_id === session.agent_id
    // What the knowledge base would say to the customer's last words.
    const last = [...messages].reverse().find((m) => m.by === 'customer' && m.text && m.what === 'message' && m.type !== 'reaction')
    useEffect(() => {
        setAsked(null)
        if (!last?.text || !conversation || conversation.owner === 'bot' || conversation.owner === 'closed' || conversation.card.some((l) => l.name === 'suggested')) return
        let late = false
        api.ask(last.text).then((a) => !late && setAsked(a), () => undefined)
        return () => {
            late = true
        }
    }, [last?.message_id, conversation?.owner])

    const suggested = suggestions(conversation?.card ?? [], asked)
    const related = useMemo(() => relate(messages), [messages])
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
    const over = Date.parse(c.window_ends_at) <= Date.now()
    return (
        <article class="chat" aria-label={c.customer_name ?? c.customer_id}>
            <Head
                c={c}
                session={session}
                agents={agents}
                act={act}
                take={take}
                resolve={resolve}
                giveBack={() => setReturning(true)}
                snooze={() => setSnoozing(true)}
                find={() => setFinding(true)}
                close={props.close}
            >
                <Tags tags={c.tags} all={props.tags} change={session.agent_id ? (add, remove) => act('tag', { add, remove }) : undefined} />
            </Head>
            {notice && (
                <p class="notice" role="alert">
                    {notice}
                </p>
            )}
            {finding && (
                <Find
                    id={id}
                    words={find}
                    setWords={setFind}
                    go={(f) => show((m) => m.lane === f.lane && m.seq === f.seq && m.part === f.part)}
                    close={() => {
                        setFinding(false)
                        setFind('')
                    }}
                />
            )}
            <Card conversation={c} messages={messages} suggested={suggested} name={name} show={showId} insert={session.agent_id ? (text) => writing.current?.insert(text) : undefined} />
            <div
                class="scroller"
                ref={scroller}
                tabIndex={0}
                role="log"
                aria-label={t('list')}
                onScroll={(e) => {
                    const s = e.currentTarget
                    low.current = s.scrollHeight - s.scrollTop - s.clientHeight < 40
                    if (s.scrollTop < s.clientHeight / 2 && !low.current && !complete && messages.length) older()
                }}
            >
                {!complete && messages.length > 0 && (
                    <button class="plain older" onClick={() => older()}>
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
                            {elsewhere(m, related) ? null : m.what === 'message' || (m.what === 'note' && !told(m)) ? (
                                <Bubble
                                    key={place(m)}
                                    m={m}
                                    conversation={id}
                                    name={name}
                                    statuses={statuses}
                                    related={related}
                                    find={finding ? find.trim() : ''}
                                    show={showId}
                                    quote={session.agent_id ? setQuoted : undefined}
                                />
                            ) : (
                                <Line key={place(m)} m={m} name={name} to={c.actions.find((a) => a.epoch === m.epoch && a.to_agent)?.to_agent ?? null} />
                            )}
                        </>
                    ))}
                    {pending.map((p) => (
                        <li key={p.key} class={`bubble agent pending ${p.state}${p.kind === 'note' ? ' private' : ''}`}>
                            <span class="who">{session.name}</span>
                            <p>
                                {p.file ? `${p.file.name} ` : ''}
                                {p.text}
                            </p>
                            <span class="meta">
                                <span class="delivery">{p.state === 'refused' ? p.why : t(p.state === 'sending' ? 'sending' : 'unconfirmed')}</span>
                                {p.state !== 'sending' && (
                                    <>
                                        <button class="plain" onClick={() => send(p.text, p.kind, p.body, p.file, p)}>
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
            {over && <p class="window over">{t('windowOver')}</p>}
            {session.agent_id && over && mode === 'reply' && (
                <Templates templates={props.templates} language={c.language} name={c.customer_name ?? ''} send={(body, text) => send(text, 'template', body)} />
            )}
            {session.agent_id && (
                <Composer
                    id={id}
                    login={session.login}
                    name={c.customer_name ?? ''}
                    language={c.language}
                    team={c.team}
                    agents={agents}
                    mode={mode}
                    setMode={setMode}
                    quoted={quoted}
                    unquote={() => setQuoted(null)}
                    send={send}
                    writing={writing}
                    over={over}
                />
            )}
            {returning && (
                <Return
                    templates={props.templates}
                    close={() => setReturning(false)}
                    done={async (body, note) => {
                        setReturning(false)
                        if (!note || (await act('note', { text: note }))) act('return', body)
                    }}
                />
            )}
            {snoozing && (
                <Snooze
                    close={() => setSnoozing(false)}
                    done={(until) => {
                        setSnoozing(false)
                        act('snooze', until ? { until } : {}).then((done) => done && props.next())
                    }}
                />
            )}
        </article>
    )
}
