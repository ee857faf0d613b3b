// SPDX-License-Identifier: Apache-2.0
// Gives a conversation to somebody else, or back to the queue.
import type { Agent } from './api'
import { t } from './words'

// to: the agent's id; '' is the queue.
export function Give(props: { of: { owner: string; agent_id: string | null }; agents: Agent[]; label: string; give: (to: string) => void }) {
    const queue = '-' // an option without a value is the one that says what this is
    return (
        <select
            aria-label={props.label}
            value=""
            onChange={(e) => {
                const to = e.currentTarget.value
                e.currentTarget.value = ''
                if (to) props.give(to === queue ? '' : to)
            }}
        >
            <option value="">{t('assign')}</option>
            {props.of.owner === 'human' && <option value={queue}>{t('requeue')}</option>}
            {props.agents
                .filter((a) => a.agent_id !== props.of.agent_id)
                .map((a) => (
                    <option key={a.agent_id} value={a.agent_id}>
                        {a.name} ({a.load}/{a.capacity})
                    </option>
                ))}
        </select>
    )
}
