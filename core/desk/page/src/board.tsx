// SPDX-License-Identifier: Apache-2.0
// What a supervisor sees: who waits and for how long still, who works, how it went; and does: gives it to somebody, looks in.
import { useEffect, useRef, useState } from 'preact/hooks'
import { api, type Agent, type Board as Waiting, type Failure, type Owner, type Session } from './api'
import { Give } from './give'
import { lateness } from './list'
import { Wide } from './wide'
import { ago, span, t, why } from './words'

type Row = Record<string, unknown>
const seconds = (v: unknown) => (v != null ? span(Number(v) * 1000) : '–')
const percent = (v: unknown) => (v != null ? `${Math.round(Number(v) * 100)} %` : '–')

function Tile({ value, words, warn }: { value: string | number; words: string; warn?: boolean }) {
    return (
        <div class={'tile' + (warn ? ' warn' : '')}>
            <b>{value}</b> {words}
        </div>
    )
}

// One bar a row, each as long as its share of the longest.
function Bars({ rows, label }: { rows: { name: string; value: number; words: string }[]; label: string }) {
    const most = Math.max(1, ...rows.map((r) => r.value))
    if (!rows.length) return <p class="quiet">–</p>
    return (
        <ul class="bars" aria-label={label}>
            {rows.map((r) => (
                <li key={r.name}>
                    <span>{r.name}</span>
                    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                        <rect width={(100 * r.value) / most} height="10" />
                    </svg>
                    <span>{r.words}</span>
                </li>
            ))}
        </ul>
    )
}

// Cases by who dealt with them, as one bar.
function Split({ of }: { of?: Row }) {
    const parts = [Number(of?.bot_alone ?? 0), Number(of?.with_people ?? 0), Number(of?.still_open ?? 0)]
    const all = parts.reduce((a, b) => a + b, 0)
    if (!all) return null
    let x = 0
    return (
        <figure class="split">
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                {parts.map((n, i) => {
                    const width = (100 * n) / all
                    x += width
                    return <rect key={i} class={`part${i}`} x={x - width} width={width} height="6" />
                })}
            </svg>
            <figcaption>{t('casesSplit', ...parts.map(String))}</figcaption>
        </figure>
    )
}

export function Board({ told, session, open }: { told: number; session: Session; open: (id: string) => void }) {
    const [board, setBoard] = useState<Waiting>()
    const [agents, setAgents] = useState<Agent[]>([])
    const [reports, setReports] = useState<Record<string, Row[]>>({})
    const [wrong, setWrong] = useState('') // why the board is not what it should be
    const [refused, setRefused] = useState('') // why nobody was given it
    const looked = useRef(0)
    const look = () => {
        looked.current = Date.now()
        api.board().then(
            (now) => {
                setBoard(now)
                setWrong('')
            },
            (f: Failure) => setWrong(why(f)),
        )
        api.agents().then(setAgents, () => undefined)
    }
    useEffect(() => {
        const report = () => {
            for (const name of ['containment', 'triggers', 'answers', 'surveys', 'agents'])
                api.report(name).then((rows) => setReports((was) => ({ ...was, [name]: rows })), () => undefined)
        }
        look()
        report()
        const timers = [setInterval(look, 5000), setInterval(report, 300000)] // reports read a month
        return () => timers.forEach(clearInterval)
    }, [])
    useEffect(() => {
        if (Date.now() - looked.current > 2000) look()
    }, [told])
    const give = (id: string, to: string) => {
        setRefused('')
        return api.act(id, 'assign', { to }).then(look, (f: Failure) => setRefused(why(f)))
    }
    const due = (board?.due ?? []).map((d) => ({ ...d, late: lateness(d.waiting_since!, session.answer_within) }))
    const late = due.filter((d) => d.late === 'late').length
    const risk = due.filter((d) => d.late === 'soonLate').length
    const owned = (owner: Owner) => (board ? (board.owners?.[owner] ?? 0) : '–')
    const worked = new Map((reports.agents ?? []).map((r) => [r.agent_id, r]))
    const answers = reports.answers?.[0]
    const survey = reports.surveys?.find((r) => r.by === 'all')
    return (
        <section class="board">
            <h1>{t('board')}</h1>
            <div class="tiles">
                <Tile value={board ? late : '–'} words={t('lateNow')} warn={late > 0} />
                <Tile value={board ? risk : '–'} words={t('riskNow')} />
                <Tile value={owned('queued')} words={t('queue')} />
                <Tile value={owned('human')} words={t('people')} />
                <Tile value={owned('bot')} words={t('bot')} />
                <Tile value={percent(reports.containment?.[0]?.containment)} words={t('containment')} />
                <Tile value={seconds(answers?.p50)} words={t('answers')} />
                <Tile value={survey?.csat != null ? Number(survey.csat).toFixed(1) : '–'} words={t('satisfaction')} />
            </div>
            <Split of={reports.containment?.[0]} />
            {answers?.p90 != null && (
                <p class="quiet">
                    {t('answersP90')} {seconds(answers.p90)}
                </p>
            )}
            <h2>{t('dueTitle')}</h2>
            <p class="wrong" role="alert">
                {wrong || refused}
            </p>
            {due.length ? (
                <Wide label={t('dueTitle')} heads={['customer', 'since', 'team', 'who', 'trigger', ...(session.agent_id ? (['reassign'] as const) : [])]}>
                    {due.map((d) => (
                        <tr key={d.conversation_id}>
                            <th scope="row">
                                <button class="plain" onClick={() => open(d.conversation_id)} title={t('listenIn')}>
                                    {d.customer_name || d.customer_id}
                                </button>
                            </th>
                            <td>
                                {ago(d.waiting_since!)} {d.late && <span class={`tag ${d.late}`}>{t(d.late)}</span>}
                            </td>
                            <td>{d.team ?? t('noTeam')}</td>
                            <td>{d.owner === 'human' ? (d.agent_name ?? d.agent_id) : t('queue')}</td>
                            <td>{d.trigger ?? '–'}</td>
                            {session.agent_id && (
                                <td>
                                    <Give
                                        of={d}
                                        agents={agents}
                                        label={`${t('reassign')}: ${d.customer_name || d.customer_id}`}
                                        give={(to) => give(d.conversation_id, to)}
                                    />
                                </td>
                            )}
                        </tr>
                    ))}
                </Wide>
            ) : (
                <p class="quiet">{board ? t('dueNone') : '–'}</p>
            )}
            <h2>{t('waitingNow')}</h2>
            {board?.waiting.length ? (
                <Bars label={t('waitingNow')} rows={board.waiting.map((w) => ({ name: w.team ?? t('noTeam'), value: w.waiting, words: `${w.waiting} · ${ago(w.oldest)}` }))} />
            ) : (
                <p class="quiet">{board ? t('emptyQueue') : '–'}</p>
            )}
            <h2>{t('agents')}</h2>
            <Wide label={t('agents')} heads={['agent', 'team', 'presence', 'load', 'answered', 'firstAnswer']}>
                {agents.map((a) => (
                    <tr key={a.agent_id}>
                        <th scope="row">{a.name}</th>
                        <td>{a.teams.join(', ')}</td>
                        <td>{t(a.presence === 'offline' ? 'offlinePresence' : (a.presence as 'online'))}</td>
                        <td>
                            <meter min={0} max={Math.max(a.capacity, 1)} value={a.load} aria-label={`${t('load')}: ${a.name}`} /> {a.load}/{a.capacity}
                        </td>
                        <td>{String(worked.get(a.agent_id)?.answered ?? 0)}</td>
                        <td>{seconds(worked.get(a.agent_id)?.answer_p50)}</td>
                    </tr>
                ))}
            </Wide>
            <h2>{t('handoffs')}</h2>
            <Bars label={t('handoffs')} rows={(reports.triggers ?? []).map((r) => ({ name: String(r.trigger ?? '–'), value: Number(r.handoffs), words: String(r.handoffs) }))} />
        </section>
    )
}
