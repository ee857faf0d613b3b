// SPDX-License-Identifier: Apache-2.0
// What a supervisor sees: who waits, who works, how it went.
import { useEffect, useRef, useState } from 'preact/hooks'
import { api, type Agent, type Board as Waiting } from './api'
import { ago, span, t } from './words'

type Row = Record<string, unknown>

export function Board({ told }: { told: number }) {
    const [board, setBoard] = useState<Waiting>()
    const [agents, setAgents] = useState<Agent[]>([])
    const [containment, setContainment] = useState<Row>()
    const [triggers, setTriggers] = useState<Row[]>([])
    const [answers, setAnswers] = useState<Row>()
    const [surveys, setSurveys] = useState<Row>()
    const looked = useRef(0)
    const look = () => {
        looked.current = Date.now()
        api.board().then(setBoard, () => undefined)
        api.agents().then(setAgents, () => undefined)
    }
    useEffect(() => {
        look()
        api.report('containment').then((r) => setContainment(r[0]), () => undefined)
        api.report('triggers').then(setTriggers, () => undefined)
        api.report('answers').then((r) => setAnswers(r[0]), () => undefined)
        api.report('surveys').then((r) => setSurveys(r.find((row) => row.by === 'all')), () => undefined)
        const timer = setInterval(look, 5000)
        return () => clearInterval(timer)
    }, [])
    useEffect(() => {
        if (Date.now() - looked.current > 2000) look()
    }, [told])
    const most = Math.max(1, ...triggers.map((r) => Number(r.handoffs)))
    return (
        <section class="board">
            <h1>{t('board')}</h1>
            <div class="tiles">
                <div class="tile">
                    <b>{board?.owners?.queued ?? 0}</b> {t('queue')}
                </div>
                <div class="tile">
                    <b>{board?.owners?.human ?? 0}</b> {t('people')}
                </div>
                <div class="tile">
                    <b>{board?.owners?.bot ?? 0}</b> {t('bot')}
                </div>
                <div class="tile">
                    <b>{containment?.containment != null ? `${Math.round(Number(containment.containment) * 100)} %` : '–'}</b> {t('containment')}
                </div>
                <div class="tile">
                    <b>{answers?.p50 != null ? span(Number(answers.p50) * 1000) : '–'}</b> {t('answers')}
                </div>
                <div class="tile">
                    <b>{surveys?.csat != null ? Number(surveys.csat).toFixed(1) : '–'}</b> {t('satisfaction')}
                </div>
            </div>
            <h2>{t('waitingNow')}</h2>
            {board?.waiting.length ? (
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{t('team')}</th>
                            <th scope="col">{t('queue')}</th>
                            <th scope="col">{t('waitingNow')}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {board.waiting.map((w) => (
                            <tr key={w.team ?? ''}>
                                <th scope="row">{w.team ?? t('noTeam')}</th>
                                <td>{w.waiting}</td>
                                <td>{ago(w.oldest)}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            ) : (
                <p class="quiet">{t('emptyQueue')}</p>
            )}
            <h2>{t('agents')}</h2>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{t('agent')}</th>
                        <th scope="col">{t('team')}</th>
                        <th scope="col">{t('presence')}</th>
                        <th scope="col">{t('load')}</th>
                    </tr>
                </thead>
                <tbody>
                    {agents.map((a) => (
                        <tr key={a.agent_id}>
                            <th scope="row">{a.name}</th>
                            <td>{a.teams.join(', ')}</td>
                            <td>{t(a.presence === 'offline' ? 'offlinePresence' : (a.presence as 'online'))}</td>
                            <td>
                                <meter min={0} max={Math.max(a.capacity, 1)} value={a.load} aria-label={t('load')} /> {a.load}/{a.capacity}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <h2>{t('handoffs')}</h2>
            <ul class="bars">
                {triggers.map((r) => (
                    <li key={String(r.trigger)}>
                        <span>{String(r.trigger ?? '–')}</span>
                        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                            <rect width={(100 * Number(r.handoffs)) / most} height="10" />
                        </svg>
                        <span>{String(r.handoffs)}</span>
                    </li>
                ))}
            </ul>
        </section>
    )
}
