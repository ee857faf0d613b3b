// SPDX-License-Identifier: Apache-2.0
// The head of a conversation: who it is, whose it is, how long there is to answer, and what can be done.
import type { ComponentChildren } from 'preact'
import type { Agent, Conversation, Session } from './api'
import { Give } from './give'
import { pressed } from './keys'
import { clock, day, span, t } from './words'
import { Window } from './window'

export function Head(props: {
    c: Conversation
    session: Session
    agents: Agent[]
    act: (what: string, body?: object) => Promise<boolean>
    take: () => void
    resolve: (then: boolean) => void
    giveBack: () => void
    snooze: () => void
    find: () => void
    close: () => void
    children: ComponentChildren // below the name
}) {
    const { c, session, agents, act } = props
    const mine = c.owner === 'human' && c.agent_id === session.agent_id
    const offered = c.owner === 'queued' && c.offered_to !== null && c.offered_to === session.agent_id
    const state = mine ? t('youHaveIt') : c.owner === 'bot' ? t('botHasIt') : c.owner === 'human' ? t('nowHuman', c.agent_name ?? '') : t(c.owner === 'queued' ? 'nowQueued' : 'nowClosed')
    return (
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
                {props.children}
            </div>
            <Window ends={c.window_ends_at} />
            <span class={`state ${c.owner}${mine ? ' mine' : ''}`} role="status">
                {state}
                {c.snoozed_until && ` · ${c.snoozed_until === 'infinity' ? t('untilCustomer').toLowerCase() : t('snoozedUntil', `${day(c.snoozed_until)} ${clock(c.snoozed_until)}`)}`}
            </span>
            <div class="actions">
                {session.agent_id && offered && (
                    <>
                        <button class="main" onClick={() => act('accept')} title={pressed('take')}>
                            {t('accept')}
                            {c.offer_ends_at ? ` (${span(Date.parse(c.offer_ends_at) - Date.now())})` : ''}
                        </button>
                        <button onClick={() => act('decline')}>{t('decline')}</button>
                    </>
                )}
                {session.agent_id && !mine && !offered && (
                    <button class="main" onClick={props.take} title={pressed('take')}>
                        {t('takeOver')}
                    </button>
                )}
                {mine && (
                    <>
                        <button onClick={props.giveBack} title={pressed('bot')}>
                            {t('toBot')}
                        </button>
                        {c.snoozed_until ? <button onClick={() => act('wake')}>{t('wake')}</button> : <button onClick={props.snooze} title={pressed('snooze')}>{t('snooze')}</button>}
                    </>
                )}
                {session.agent_id && (mine || c.owner === 'queued') && (
                    <>
                        <button onClick={() => props.resolve(false)} title={pressed('resolve')}>
                            {t('resolve')}
                        </button>
                        <button onClick={() => props.resolve(true)} title={pressed('resolve_next')}>
                            {t('resolveNext')}
                        </button>
                    </>
                )}
                <button class="plain" onClick={props.find} aria-label={t('findHere')} title={`${t('findHere')} (${pressed('find')})`}>
                    ⌕
                </button>
                {session.agent_id && <Give of={c} agents={agents} label={t('assign')} give={(to) => act('assign', { to })} />}
            </div>
        </div>
    )
}
