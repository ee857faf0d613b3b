// SPDX-License-Identifier: Apache-2.0
// What an admin looks at: the triggers, with what those that only watch would have done, and the configuration.
import { useEffect, useState } from 'preact/hooks'
import { api, type Failure, type Running, type Trigger } from './api'
import { Wide } from './wide'
import { clock, day, span, t, why } from './words'

type Row = Record<string, unknown>
const of = (rows: Row[] | undefined, trigger: string) => rows?.find((r) => r.trigger === trigger)

const when = (time: string) => `${day(time)}, ${clock(time)}`

// Whether what is shown is what runs.
function Runs() {
    const [is, setIs] = useState<Running>()
    const [wrong, setWrong] = useState('')
    useEffect(() => {
        api.running().then(setIs, (f: Failure) => setWrong(why(f)))
    }, [])
    if (!is)
        return (
            <p class="wrong" role="alert">
                {wrong}
            </p>
        )
    const partitions = is.decided.reduce((n, d) => n + d.lanes, 0)
    const other = is.decided.filter((d) => d.config !== is.config).reduce((n, d) => n + d.lanes, 0)
    const words = is.mistakes.length
        ? t('hasMistakes', is.mistakes.join(' · '))
        : !is.decided.length
          ? t('runsNothing')
          : is.decided[0].config !== is.config
            ? t('runsOther', when(is.decided[0].at))
            : other
              ? t('runsMixed', String(other), String(partitions))
              : t('runs')
    return (
        <p class="runs">
            <span class="quiet">{t('fileNow', is.file, is.changed_at ? when(is.changed_at) : '–')}</span>{' '}
            <span role="status" class={is.mistakes.length || other ? 'other' : 'quiet'}>
                {words}
            </span>
        </p>
    )
}

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
            <Runs />
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

// The configuration, with where each value comes from; secrets are hidden by the server.
export function Configuration() {
    const [text, setText] = useState('')
    const [wrong, setWrong] = useState('')
    useEffect(() => {
        api.configuration().then(setText, (f: Failure) => setWrong(why(f)))
    }, [])
    return (
        <section class="board">
            <h1>{t('configuration')}</h1>
            <Runs />
            <p class="wrong" role="alert">
                {wrong}
            </p>
            <pre tabIndex={0}>{text}</pre>
        </section>
    )
}
