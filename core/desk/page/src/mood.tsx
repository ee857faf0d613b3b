// SPDX-License-Identifier: Apache-2.0
// How the customer's mood went, as a small line: from -1 (bottom) to 1 (top), the last 30 messages.
import type { Message } from './api'
import { t } from './words'

export const moods = (messages: Message[]) => messages.filter((m) => m.by === 'customer' && m.sentiment != null).slice(-30)

export function Mood({ messages }: { messages: Message[] }) {
    const all = moods(messages)
    if (all.length < 2) return null
    const x = (i: number) => 4 + (i * 192) / (all.length - 1)
    const y = (mood: number) => 20 - 16 * Math.max(-1, Math.min(1, mood))
    const first = all[0].sentiment!
    const last = all[all.length - 1].sentiment!
    const words = t(last < first - 0.2 ? 'moodWorse' : last > first + 0.2 ? 'moodBetter' : 'moodSteady', first.toFixed(1), last.toFixed(1))
    return (
        <figure class="mood">
            <svg viewBox="0 0 200 40" role="img" aria-label={words}>
                <line x1="0" x2="200" y1="20" y2="20" />
                <polyline points={all.map((m, i) => `${x(i)},${y(m.sentiment!)}`).join(' ')} />
                <circle cx={x(all.length - 1)} cy={y(last)} r="3" class={last < -0.3 ? 'low' : undefined} />
            </svg>
            <figcaption>{words}</figcaption>
        </figure>
    )
}
