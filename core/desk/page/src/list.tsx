// SPDX-License-Identifier: Apache-2.0
// The left side: which list, which of it, and its conversations.
import { useEffect, useState } from 'preact/hooks'
import { api, type Agent, type Counts, type Session, type Summary } from './api'
import { ago, t } from './words'

export type Tab = 'queue' | 'mine' | 'bot' | 'all' | 'board' | 'configuration'
export type Filter = { team?: string; trigger?: string; language?: string; search?: string }

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

function Row({ c, chosen, choose }: { c: Summary; chosen: boolean; choose: (id: string) => void }) {
    return (
        <li>
            <button class={`row ${c.owner}`} aria-current={chosen ? 'true' : undefined} onClick={() => choose(c.conversation_id)}>
                <span class="name">{c.customer_name || c.wa_id || c.customer_id}</span>
                <span class="when">{c.owner === 'queued' ? t('waits', ago(c.owner_since)) : ago(c.last_message_at)}</span>
                <span class="preview">{c.preview || c.reason}</span>
                <span class="tags">
                    <span class={`tag ${c.owner}`}>{c.owner === 'human' ? c.agent_name : t(c.owner === 'queued' ? 'queue' : c.owner)}</span>
                    {c.owner === 'queued' && c.priority >= 7 && <span class="tag urgent">{c.priority}</span>}
                    {c.trigger && c.owner !== 'bot' && <span class="tag">{c.trigger}</span>}
                    {c.team && <span class="tag">{c.team}</span>}
                    {c.language && <span class="tag">{c.language}</span>}
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
    chosen: string
    choose: (id: string) => void
    pulled: () => void
}) {
    const { session, tab, filter, list, counts } = props
    const [search, setSearch] = useState('')
    const [none, setNone] = useState(false)
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
        ...(session.agent_id ? ([['mine', t('mine'), counts?.mine]] as [Tab, string, number?][]) : []),
        ['bot', t('bot')],
        ['all', t('all')],
        ...(session.role !== 'agent' ? ([['board', t('board')]] as [Tab, string][]) : []),
        ...(session.role === 'admin' ? ([['configuration', t('configuration')]] as [Tab, string][]) : []),
    ]
    return (
        <nav aria-label={t('list')}>
            <div class="tabs">
                {tabs.map(([id, words, n]) => (
                    <button key={id} aria-pressed={tab === id} onClick={() => props.setTab(id)}>
                        {words}
                        {n !== undefined && <span class="count">{n}</span>}
                    </button>
                ))}
            </div>
            {tab !== 'board' && tab !== 'configuration' && (
                <>
                    <div class="filters">
                        <input type="search" placeholder={t('search')} aria-label={t('search')} value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
                        <Choice label={t('team')} any={t('team')} value={filter.team} set={(team) => set({ team })}
                            options={options(list, 'team', props.agents.flatMap((a) => a.teams))} />
                        <Choice label={t('trigger')} any={t('trigger')} value={filter.trigger} set={(trigger) => set({ trigger })} options={options(list, 'trigger')} />
                        <Choice label={t('language')} any={t('language')} value={filter.language} set={(language) => set({ language })} options={options(list, 'language')} />
                    </div>
                    {tab === 'queue' && session.agent_id && (
                        <div class="pull">
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
                            <span role="status">{none ? t('nothingWaits') : counts?.oldest ? t('oldest', ago(counts.oldest)) : ''}</span>
                        </div>
                    )}
                    <ul class="rows">
                        {list.map((c) => (
                            <Row key={c.conversation_id} c={c} chosen={c.conversation_id === props.chosen} choose={props.choose} />
                        ))}
                    </ul>
                    {!list.length && <p class="nothing">{t(tab === 'queue' ? 'emptyQueue' : 'empty')}</p>}
                </>
            )}
        </nav>
    )
}
