// SPDX-License-Identifier: Apache-2.0
// The left side: which list, which of it, and its conversations.
import { useEffect, useState } from 'preact/hooks'
import { api, CAPPED, type Agent, type Counts, type Session, type Summary } from './api'
import { useShortcuts } from './keys'
import { ago, clock, day, span, t } from './words'

export type Tab = 'queue' | 'mine' | 'snoozed' | 'mentions' | 'bot' | 'all' | 'board' | 'triggers' | 'ask' | 'configuration'
export type Filter = { team?: string; trigger?: string; language?: string; tag?: string; priority?: string; search?: string }
export const isOwn = (tab: Tab): tab is 'mine' | 'snoozed' | 'mentions' => ['mine', 'snoozed', 'mentions'].includes(tab)
export const isList = (tab: Tab) => !['board', 'triggers', 'ask', 'configuration'].includes(tab)

// How a customer who waits stands to what the business promises them.
export function lateness(since: string, within: number): '' | 'soonLate' | 'late' {
    const waits = (Date.now() - Date.parse(since)) / 1000
    return waits > within ? 'late' : waits > within / 2 ? 'soonLate' : ''
}

// What there is to choose from: what the list shows, and the teams of all agents.
function options(list: Summary[], of: 'team' | 'trigger' | 'language', more: string[] = []) {
    return [...new Set([...list.map((c) => c[of] ?? ''), ...more])].filter(Boolean).sort()
}

function Choice(props: { label: string; any: string; value?: string; options: string[]; set: (v?: string) => void }) {
    const all = props.value && !props.options.includes(props.value) ? [...props.options, props.value] : props.options
    if (!all.length) return null
    return (
        <select aria-label={props.label} value={props.value ?? ''} onChange={(e) => props.set(e.currentTarget.value || undefined)}>
            <option value="">{props.any}</option>
            {all.map((o) => (
                <option key={o}>{o}</option>
            ))}
        </select>
    )
}

// A row need not say what the list says of all of its conversations.
function Row({ c, tab, chosen, choose, session }: { c: Summary; tab: Tab; chosen: boolean; choose: (id: string) => void; session: Session }) {
    const late = c.waiting_since ? lateness(c.waiting_since, session.answer_within) : ''
    const mine = c.owner === 'human' && c.agent_id === session.agent_id
    const left = Date.parse(c.window_ends_at) - Date.now()
    return (
        <li>
            <button class={`row ${c.owner}${c.waiting_since ? ' waits' : ''}`} aria-current={chosen ? 'true' : undefined} onClick={() => choose(c.conversation_id)}>
                <span class="name">{c.customer_name || c.wa_id || c.customer_id}</span>
                <span class={'when ' + late}>{c.waiting_since ? t('waits', ago(c.waiting_since)) : ago(c.last_message_at)}</span>
                <span class="preview">{c.preview || c.reason}</span>
                <span class="tags">
                    {!(isOwn(tab) ? mine : tab === 'bot' || tab === 'queue') && (
                        <span class={`tag ${c.owner}`}>{c.owner === 'human' ? c.agent_name : t(c.owner === 'queued' ? 'queue' : c.owner)}</span>
                    )}
                    {late && <span class={`tag ${late}`}>{t(late)}</span>}
                    {c.snoozed_until && (
                        <span class="tag">{c.snoozed_until === 'infinity' ? t('untilCustomer') : t('snoozedUntil', `${day(c.snoozed_until)} ${clock(c.snoozed_until)}`)}</span>
                    )}
                    {mine && left < 2 * 3600e3 && <span class="tag late">{left > 0 ? t('windowShort', span(left)) : t('windowClosed')}</span>}
                    {c.owner === 'queued' && c.priority >= 7 && (
                        <span class="tag urgent" title={t('priority')}>
                            <span class="hidden">{t('priority')}</span> {c.priority}
                        </span>
                    )}
                    {c.trigger && c.owner !== 'bot' && <span class="tag">{c.trigger}</span>}
                    {c.team && <span class="tag">{c.team}</span>}
                    {c.language && <span class="tag">{c.language}</span>}
                    {c.tags.map((tag) => (
                        <span key={tag} class="tag own">
                            #{tag}
                        </span>
                    ))}
                </span>
            </button>
        </li>
    )
}

export function List(props: {
    session: Session
    tab: Tab
    setTab: (tab: Tab) => void
    filter: Filter
    setFilter: (filter: Filter) => void
    list: Summary[]
    counts?: Counts
    agents: Agent[]
    tags: string[]
    chosen: string
    choose: (id: string) => void
    pulled: () => void
    trouble: string // why the list is not what it should be
    more?: () => void // there may be
}) {
    const { session, tab, filter, list, counts } = props
    const [search, setSearch] = useState('')
    const [none, setNone] = useState(false)
    const [narrowing, setNarrowing] = useState(false)
    const narrowed = Object.entries(filter).filter(([of, is]) => of !== 'search' && is).length
    const [, tick] = useState(0)
    const set = (more: Filter) => props.setFilter(JSON.parse(JSON.stringify({ ...filter, ...more })))
    useEffect(() => {
        const timer = setTimeout(() => (filter.search ?? '') !== search && set({ search: search || undefined }), 400)
        return () => clearTimeout(timer)
    }, [search])
    useEffect(() => {
        const timer = setInterval(() => tick((n) => n + 1), 15000)
        return () => clearInterval(timer)
    }, [])
    const tabs: [Tab, string, number?][] = [
        ['queue', t('queue'), counts?.queue],
        ...(session.agent_id
            ? ([
                  ['mine', t('mine'), counts?.mine],
                  ...(counts?.snoozed || tab === 'snoozed' ? [['snoozed', t('snoozed'), counts?.snoozed]] : []),
                  ...(counts?.mentions || tab === 'mentions' ? [['mentions', t('mentions'), counts?.mentions]] : []),
              ] as [Tab, string, number?][])
            : []),
        ['bot', t('bot'), counts?.bot],
        ['all', t('all'), counts?.all],
        ...(session.role !== 'agent' ? ([['board', t('board')]] as [Tab, string][]) : []),
        ...(session.role === 'admin' ? ([
                  ['triggers', t('triggersTitle')],
                  ['configuration', t('configuration')],
              ] as [Tab, string][]) : []),
        ['ask', t('ask')],
    ]
    useShortcuts((what) => {
        if (what !== 'tab') return false
        props.setTab(tabs[(tabs.findIndex(([id]) => id === tab) + 1) % tabs.length][0])
        return true
    })
    return (
        <nav aria-label={t('list')}>
            <div class="tabs">
                {tabs.map(([id, words, n]) => (
                    <button key={id} aria-pressed={tab === id} onClick={() => props.setTab(id)}>
                        {words}
                        {n !== undefined && <span class="count">{n >= CAPPED ? `${CAPPED - 1}+` : n}</span>}
                    </button>
                ))}
            </div>
            {isList(tab) && (
                <>
                    <div class="filters">
                        <input type="search" placeholder={t('search')} aria-label={t('search')} value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
                        <button aria-expanded={narrowing} onClick={() => setNarrowing(!narrowing)}>
                            {t('filters')}
                            {narrowed > 0 && <span class="count">{narrowed}</span>}
                        </button>
                    </div>
                    {narrowing && (
                        <div class="filters more">
                            <Choice label={t('team')} any={t('team')} value={filter.team} set={(team) => set({ team })}
                                options={options(list, 'team', props.agents.flatMap((a) => a.teams))} />
                            <Choice label={t('trigger')} any={t('trigger')} value={filter.trigger} set={(trigger) => set({ trigger })} options={options(list, 'trigger')} />
                            <Choice label={t('language')} any={t('language')} value={filter.language} set={(language) => set({ language })} options={options(list, 'language')} />
                            <select aria-label={t('priority')} value={filter.priority ?? ''} onChange={(e) => set({ priority: e.currentTarget.value || undefined })}>
                                <option value="">{t('priority')}</option>
                                {['3', '5', '7', '9'].map((least) => (
                                    <option key={least} value={least}>
                                        ≥ {least}
                                    </option>
                                ))}
                            </select>
                            <Choice label={t('tag')} any={t('tag')} value={filter.tag} set={(tag) => set({ tag })} options={props.tags} />
                        </div>
                    )}
                    {tab === 'queue' && (
                        <div class="pull">
                            {session.agent_id && (
                                <button
                                    onClick={() =>
                                        api.pull().then(
                                            (r) => {
                                                setNone(!r.given)
                                                if (r.given) props.pulled()
                                            },
                                            () => undefined,
                                        )
                                    }
                                >
                                    {t('next')}
                                </button>
                            )}
                            <span role="status">{none ? t('nothingWaits') : counts?.oldest ? t('oldest', ago(counts.oldest)) : ''}</span>
                        </div>
                    )}
                    {tab === 'mine' && !!counts?.unanswered && (
                        <p class="pull" role="status">
                            {t('unanswered', String(counts.unanswered))}
                        </p>
                    )}
                    <p class="wrong" role="alert">
                        {props.trouble}
                    </p>
                    <ul class="rows">
                        {list.map((c) => (
                            <Row key={c.conversation_id} c={c} tab={tab} chosen={c.conversation_id === props.chosen} choose={props.choose} session={session} />
                        ))}
                        {props.more && (
                            <li>
                                <button class="plain older" onClick={props.more}>
                                    {t('more')}
                                </button>
                            </li>
                        )}
                    </ul>
                    {!list.length && <p class="nothing">{t(tab === 'queue' ? 'emptyQueue' : 'empty')}</p>}
                </>
            )}
        </nav>
    )
}
