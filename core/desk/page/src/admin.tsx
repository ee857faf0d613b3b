// SPDX-License-Identifier: Apache-2.0
// What an admin looks at: the triggers, with what those that only watch would have done, and the configuration that is in force.
import { useEffect, useState } from 'preact/hooks'
import { api, type Failure, type Trigger } from './api'
import { Wide } from './wide'
import { span, t, why } from './words'

type Row = Record<string, unknown>
const of = (rows: Row[] | undefined, trigger: string) => rows?.find((r) => r.trigger === trigger)

export function Triggers() {
    const [triggers, setTriggers] = useState<Trigger[]>([])
    const [done, setDone] = useState<Row[]>()
    const [observed, setObserved] = useState<Row[]>()
    const [wrong, setWrong] = useState('')
    useEffect(() => {
        const failed = (f: Failure) => setWrong(why(f))
        api.triggers().then(setTriggers, failed)
        api.report('triggers').then(setDone, failed)
        api.report('observed').then(setObserved, failed)
    }, [])
    return (
        <section class="board">
            <h1>{t('triggersTitle')}</h1>
            <p class="wrong" role="alert">
                {wrong}
            </p>
            <Wide label={t('triggersTitle')} heads={['trigger', 'mode', 'threshold', 'priority', 'team', 'handoffsDone', 'hits', 'hitsAnyway']}>
                {triggers.map((one) => (
                    <tr key={one.trigger}>
                        <th scope="row">
                            {one.trigger}
                            {one.rule && <span class="tag">{t('rule')}</span>}
                            {one.cooldown > 0 && <span class="quiet"> {t('cooldown', span(one.cooldown * 1000))}</span>}
                        </th>
                        <td>{t(one.observe ? 'observes' : one.alone ? 'handsOff' : 'onlyRules')}</td>
                        <td>
                            {one.rule ? '–' : one.threshold}
                            {one.weight !== 1 && !one.rule ? ` × ${one.weight}` : ''}
                        </td>
                        <td>{one.priority}</td>
                        <td>{one.team || '–'}</td>
                        <td>{done ? String(of(done, one.trigger)?.handoffs ?? 0) : '–'}</td>
                        <td>{observed ? String(of(observed, one.trigger)?.hits ?? (one.observe ? 0 : '–')) : '–'}</td>
                        <td>{of(observed, one.trigger) ? `${of(observed, one.trigger)!.handed_off} / ${of(observed, one.trigger)!.conversations}` : '–'}</td>
                    </tr>
                ))}
            </Wide>
        </section>
    )
}

// What is in force, with where each value comes from; secrets are hidden by the server.
export function Configuration() {
    const [text, setText] = useState('')
    const [wrong, setWrong] = useState('')
    useEffect(() => {
        api.configuration().then(setText, (f: Failure) => setWrong(why(f)))
    }, [])
    return (
        <section class="board">
            <h1>{t('configuration')}</h1>
            <p class="wrong" role="alert">
                {wrong}
            </p>
            <pre tabIndex={0}>{text}</pre>
        </section>
    )
}
