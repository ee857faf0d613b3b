// SPDX-License-Identifier: Apache-2.0
// The page: who is logged in, what is chosen, and what is told to everything below.
import { render } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { api, follow, type Agent, type Conversation, type Counts, type Failure, type Linked, type Session, type Summary, type Template, type Told } from './api'
import { Configuration, Triggers } from './admin'
import { Ask } from './ask'
import { Board } from './board'
import { Chat } from './chat'
import { Help, pressed, useShortcuts } from './keys'
import { isList, isOwn, List, type Filter, type Tab } from './list'
import { Left, Login } from './login'
import { Notices, notify } from './notices'
import { language, languages, refusal, speak, t } from './words'
import './style.css'

// Conversations that a list shows at first, more with each asking, and at most (the server gives no more).
const STEP = 50
const MOST = 500

const fromUrl = () => location.pathname.match(/^\/c\/([0-9a-f-]{36})$/)?.[1] ?? ''

// Milliseconds between two looks at the lists: while much happens, twice as long each time. A thousand pages ask for them.
const PAUSE = 2000
const LONGEST = 5000

// Looks at once, and once more after two seconds, as what the server tells many at once may be almost so old.
function paced(look: () => void) {
    let timer = 0
    let pause = PAUSE
    let more = false
    const run = () => {
        const settled = !more
        more = false
        look()
        pause = settled ? PAUSE : Math.min(2 * pause, LONGEST)
        timer = settled ? 0 : window.setTimeout(run, pause)
    }
    // urgent: it is about what this person has.
    return (urgent: boolean) => {
        more = timer > 0
        if (!timer) {
            look()
            pause = PAUSE
            timer = window.setTimeout(run, pause)
        } else if (urgent && pause > PAUSE) {
            clearTimeout(timer)
            pause = PAUSE
            timer = window.setTimeout(run, pause)
        }
    }
}

function Desk({ session, leave, again }: { session: Session; leave: () => void; again: () => void }) {
    const [tab, showTab] = useState<Tab>('queue')
    const [filter, narrow] = useState<Filter>({})
    const [most, setMost] = useState(STEP)
    const [trouble, setTrouble] = useState('')
    const [list, setList] = useState<Summary[]>([])
    const [counts, setCounts] = useState<Counts>()
    const [agents, setAgents] = useState<Agent[]>([])
    const [tags, setTags] = useState<string[]>([])
    const [templates, setTemplates] = useState<Template[]>([])
    const [chosen, setChosen] = useState(fromUrl)
    const [linked, setLinked] = useState<Linked>('live')
    const [help, setHelp] = useState(false)
    const [said, setSaid] = useState('')
    const [presence, setPresence] = useState(session.presence ?? 'offline')
    const [told, setTold] = useState<Told>({ n: 0, decision: null, missed: false })
    const wanted = useRef({ tab, filter, most })
    const now = useRef({ list, chosen, linked })
    wanted.current = { tab, filter, most }
    now.current = { list, chosen, linked }

    const refresh = useCallback(() => {
        const { tab, filter, most } = wanted.current
        const current = () => wanted.current.tab === tab && wanted.current.filter === filter && wanted.current.most === most
        if (isList(tab))
            api.list({ list: tab, limit: String(most), ...filter }).then(
                (rows) => {
                    if (!current()) return
                    setList(rows)
                    setTrouble('')
                },
                (f: Failure) => current() && setTrouble(f.status ? refusal(f.code, f.message) : ''), // the banner tells that nobody answers
            )
        api.counts().then((now) => setCounts(tell(now)), () => undefined)
    }, [])
    // What comes by itself: a colleague asks, a snooze ends.
    const before = useRef<Counts>()
    const tell = (now: Counts) => {
        const was = before.current
        const words = was && now.mentions > was.mentions ? t('mentioned') : was && now.snoozed < was.snoozed && now.mine > was.mine ? t('woke') : ''
        before.current = now
        if (words) {
            setSaid(words)
            notify(words)
        }
        return now
    }
    const soon = useRef(paced(() => refresh()))

    useEffect(refresh, [tab, filter, most])
    useEffect(() => {
        const who = () => api.agents().then(setAgents, () => undefined)
        const marks = () => api.tags().then(setTags, () => undefined)
        who()
        marks()
        api.templates().then(setTemplates, () => undefined)
        const timers = [setInterval(who, 30000), setInterval(marks, 300000)]
        return () => timers.forEach(clearInterval)
    }, [])
    useEffect(() => {
        const back = () => setChosen(fromUrl())
        addEventListener('popstate', back)
        return () => removeEventListener('popstate', back)
    }, [])
    const setTab = (to: Tab) => {
        showTab(to)
        setMost(STEP)
    }
    const setFilter = (to: Filter) => {
        narrow(to)
        setMost(STEP)
    }
    const stream = useRef<ReturnType<typeof follow>>()
    useEffect(() => {
        stream.current = follow(
            () => now.current.chosen,
            (decision) => {
                setTold((was) => ({ n: was.n + 1, decision, missed: false }))
                if (decision.kind === 'status') return
                const listed = now.current.list.find((c) => c.conversation_id === decision.conversation_id)
                if (decision.kind === 'handed_off') {
                    const words = t('newInQueue', listed?.customer_name ?? t('customer'))
                    setSaid(words)
                    notify(words)
                } else if (decision.kind === 'received' && decision.agent_id === session.agent_id && session.agent_id) {
                    setSaid(t('newMessage', listed?.customer_name ?? t('customer')))
                    if (document.hidden || now.current.chosen !== decision.conversation_id)
                        notify(t('newMessage', listed?.customer_name ?? t('customer')))
                }
                soon.current(!!session.agent_id && decision.agent_id === session.agent_id)
            },
            () => {
                setTold((was) => ({ n: was.n + 1, decision: null, missed: true }))
                refresh()
            },
            (how) => {
                setLinked((was) => {
                    if (how === 'live' && was !== how) {
                        refresh()
                        setTold((was) => ({ n: was.n + 1, decision: null, missed: false })) // what could not be shown without the server
                    }
                    return how
                })
            },
            () => dispatchEvent(new Event('loggedout')),
        )
        return stream.current.stop
    }, [])
    useEffect(() => {
        if (chosen) stream.current?.again()
    }, [chosen])
    useEffect(() => {
        if (!session.agent_id) return
        const beat = () => api.heartbeat().then((r) => setPresence(r.presence), () => undefined)
        const timer = setInterval(beat, 45000) // a presence lasts two minutes
        return () => clearInterval(timer)
    }, [])
    // What the bot does with others is not pushed, nor that a snooze ended: the lists are looked at now and then, one's own when they have more or less.
    // While nothing is pushed, all that is shown.
    useEffect(() => {
        const look = () => {
            const { tab } = wanted.current
            const paused = now.current.linked === 'paused'
            if (paused) setTold((was) => ({ n: was.n + 1, decision: null, missed: false }))
            if (paused || !isOwn(tab)) return refresh()
            const was = before.current?.[tab]
            api.counts().then((now) => {
                setCounts(tell(now))
                if (now[tab] !== was) refresh()
            }, () => undefined)
        }
        const timer = setInterval(look, 15000)
        return () => clearInterval(timer)
    }, [])

    const choose = useCallback((id: string) => {
        setChosen(id)
        history.pushState(null, '', id ? `/c/${id}` : '/')
    }, [])
    // What was open became a part of another: going back does not lead to it again.
    const moved = useCallback((id: string) => {
        setChosen(id)
        history.replaceState(null, '', `/c/${id}`)
    }, [])
    const step = (by: number) => {
        const at = list.findIndex((c) => c.conversation_id === chosen)
        const to = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by))]
        if (to) choose(to.conversation_id)
    }
    const next = () => {
        const rest = list.filter((c) => c.conversation_id !== chosen)
        const at = list.findIndex((c) => c.conversation_id === chosen)
        choose((rest[Math.min(Math.max(at, 0), rest.length - 1)] ?? { conversation_id: '' }).conversation_id)
    }
    useShortcuts((what) => {
        if (what === 'next') step(1)
        else if (what === 'previous') step(-1)
        else if (what === 'help') setHelp(true)
        else return false
        return true
    })

    const be = (to: string) => api.presence(to).then(() => setPresence(to), () => undefined)
    const changed = (c: Conversation) => {
        setTags((was) => (c.tags.every((tag) => was.includes(tag)) ? was : [...new Set([...was, ...c.tags])].sort()))
        setList((rows) => rows.map((r) => (r.conversation_id === c.conversation_id ? { ...c, preview: r.preview } : r)))
    }

    return (
        <div class={'desk' + (chosen ? ' chosen' : '') + (isList(tab) ? '' : ' on-board')}>
            <header>
                <strong class="brand">Relevo</strong>
                {session.agent_id && (
                    <label>
                        <span class="quiet">{t('presence')}</span>
                        <select value={presence} onChange={(e) => be(e.currentTarget.value)} data-presence={presence}>
                            <option value="online">{t('online')}</option>
                            <option value="busy">{t('busy')}</option>
                            <option value="away">{t('away')}</option>
                            <option value="offline">{t('offlinePresence')}</option>
                        </select>
                    </label>
                )}
                <span class="grow" />
                <Notices />
                <label>
                    <span class="hidden">{t('appLanguage')}</span>
                    <select
                        value={language()}
                        onChange={(e) => {
                            speak(e.currentTarget.value)
                            again()
                        }}
                    >
                        {languages.map((l) => (
                            <option key={l}>{l}</option>
                        ))}
                    </select>
                </label>
                <button class="plain help" onClick={() => setHelp(true)} aria-label={t('shortcuts')} title={t('shortcuts') + ' (?)'}>
                    ?
                </button>
                <span class="me">{session.name}</span>
                <button class="plain" onClick={leave}>
                    {t('logOut')}
                </button>
            </header>
            {linked !== 'live' && (
                <div class="banner" role="alert">
                    {t(linked === 'paused' ? 'paused' : 'offline')}
                </div>
            )}
            <List
                session={session}
                tab={tab}
                setTab={setTab}
                filter={filter}
                setFilter={setFilter}
                list={list}
                counts={counts}
                agents={agents}
                tags={tags}
                chosen={chosen}
                choose={choose}
                trouble={trouble}
                more={list.length >= most && most < MOST ? () => setMost(most + STEP) : undefined}
                pulled={() => {
                    setTab('mine')
                    refresh()
                }}
            />
            <main>
                {tab === 'board' ? (
                    <Board told={told.n} session={session} open={(id) => {
                        setTab('all')
                        choose(id)
                    }} />
                ) : tab === 'triggers' ? (
                    <Triggers />
                ) : tab === 'configuration' ? (
                    <Configuration />
                ) : tab === 'ask' ? (
                    <Ask />
                ) : chosen ? (
                    <Chat key={chosen} id={chosen} session={session} agents={agents} told={told} offered={list.find((r) => r.conversation_id === chosen)?.offered_to} search={filter.search ?? ''} tags={tags} templates={templates} next={next} changed={changed} moved={moved} close={() => choose('')} />
                ) : (
                    <div class="nothing">
                        <p>{t('choose')}</p>
                        <p>
                            <kbd>{pressed('next')}</kbd> {t('nextConversation')} · <kbd>?</kbd> {t('shortcuts')}
                        </p>
                    </div>
                )}
            </main>
            <div class="hidden" aria-live="polite">
                {said}
            </div>
            {help && <Help close={() => setHelp(false)} />}
        </div>
    )
}

function Page() {
    const [session, setSession] = useState<Session | null>()
    const [turn, setTurn] = useState(0)
    const [vouched, setVouched] = useState(false) // of whoever left
    // A proxy that logs people in vouches for them: nobody is asked for a password then.
    const look = () =>
        api
            .session()
            .catch((f: Failure) => (f.code === 'vouched' ? api.logIn('', '').then(api.session) : Promise.reject(f)))
            .then(setSession, () => setSession(null))
    const leaving = useRef(false)
    const leave = () => {
        leaving.current = true
        api.logOut()
            .catch(() => undefined)
            .then(api.session)
            .then(look, (f: Failure) => {
                setVouched(f.code === 'vouched')
                setSession(null)
            })
            .then(() => (leaving.current = false))
    }
    useEffect(() => {
        const over = () => void (leaving.current || look()) // what was asked for before one left is refused after it
        look()
        addEventListener('loggedout', over)
        return () => removeEventListener('loggedout', over)
    }, [])
    if (session === undefined) return null
    if (!session && vouched) return <Left />
    if (!session) return <Login done={look} />
    return <Desk key={`${turn} ${session.csrf}`} session={session} leave={leave} again={() => setTurn(turn + 1)} />
}

render(<Page />, document.getElementById('desk')!)
