// SPDX-License-Identifier: Apache-2.0
// The server's API (openapi.json), typed, and the stream of what happens.

export type Owner = 'bot' | 'queued' | 'human' | 'closed'

export interface Session {
    login: string
    role: 'agent' | 'supervisor' | 'admin'
    agent_id: string | null
    name: string
    teams: string[]
    presence: string | null
    csrf: string
    answer_within: number // seconds
}

export interface Summary {
    conversation_id: string
    owner: Owner
    epoch: number
    agent_id: string | null
    agent_name: string | null
    team: string | null
    owner_since: string
    customer_id: string
    wa_id: string | null
    customer_name: string | null
    language: string | null
    opened_at: string
    last_message_at: string
    window_ends_at: string
    trigger: string | null
    reason: string | null
    priority: number
    offered_to: string | null
    offer_ends_at: string | null
    waiting_since: string | null // for a person's answer
    snoozed_until: string | null // "infinity": until the customer writes
    tags: string[]
    preview?: string | null
}

export interface CardLine {
    name: string
    text: string
    message_id?: string | null
}

export interface Action {
    at: string
    by: string
    who: string | null
    action: string
    to_owner: Owner | null
    to_agent: string | null
    epoch: number
    why: string | null
}

export interface Conversation extends Summary {
    phone_number_id: string
    card: CardLine[]
    actions: Action[]
}

// What a message is besides its text.
export interface Extra {
    context_id?: string
    reply_id?: string
    media_id?: string
    mime_type?: string
    filename?: string
    voice?: boolean
    numbers?: string[]
    location?: { latitude: number; longitude: number; name?: string; address?: string }
    choices?: string[]
    media?: { kind: string; url?: string; id?: string; name?: string }
    template?: string
}

export interface Message {
    lane: number
    seq: number
    part: number
    at: string
    by: 'customer' | 'bot' | 'agent' | 'system'
    agent_id: string | null
    what: string
    type: string | null
    message_id: string | null
    text: string | null
    intent: string | null
    owner: Owner
    epoch: number
    trigger: string | null
    source: string | null
    extra: Extra | null
    sentiment: number | null // -1 to 1
    status: string | null // as WhatsApp reported it, of messages of ours
    send: { state: string; message_id: string | null; error: string | null; error_code: number | null } | null
}

export interface Outcome {
    done: boolean
    owner: Owner
    agent_id: string | null
    agent_name: string | null
    epoch: number
    since: string
    why: string | null
}

export interface Agent {
    agent_id: string
    name: string
    teams: string[]
    skills: string[]
    languages: string[]
    capacity: number
    presence: string
    load: number
}

export interface Canned {
    shortcut: string
    text: string
    language: string | null
    team: string | null
}

export interface Template {
    name: string
    language: string
    text: string
    parameters: number
}

// What the configuration's file decides as now; and under what each partition decided last, the latest first.
export interface Running {
    file: string
    changed_at: string | null
    config: string | null
    mistakes: string[]
    decided: { config: string; lanes: number; at: string }[]
}

// A trigger, or a rule, as configured.
export interface Trigger {
    trigger: string
    rule: boolean
    threshold: number
    weight: number
    alone: boolean
    observe: boolean
    priority: number
    cooldown: number
    team: string
}

export interface Found {
    at: string
    lane: number
    seq: number
    part: number
    text: string
}

// What the knowledge base answers; `answer` null: nothing.
export interface Answer {
    article: string | null
    score: number
    answer: string | null
    why: string
    language: string | null
}

export const CAPPED = 1000
export interface Counts {
    queue: number
    mine: number
    unanswered: number
    snoozed: number
    mentions: number
    people: number
    bot: number // CAPPED: as many or more
    all: number // that are open; as many or more
    oldest: string | null
}

export interface Board {
    waiting: { team: string | null; waiting: number; oldest: string; priority: number }[]
    owners: Partial<Record<Owner, number>> | null
    due: Pick<Summary, 'conversation_id' | 'owner' | 'customer_name' | 'customer_id' | 'team' | 'agent_id' | 'agent_name' | 'priority' | 'trigger' | 'waiting_since'>[]
}

// A decision, as docs/events.md describes it; of it only what the page looks at.
export interface Decision {
    conversation_id: string
    kind: string
    owner: Owner
    agent_id?: string
    team?: string
    status?: { message_id?: string; status: string }
}

// The latest of what the stream said. No decision: something may have changed; missed: events are lost, so that nothing that was loaded can be relied on.
export interface Told {
    n: number
    decision: Decision | null
    missed: boolean
}

// An answer that is none: `status` 0 means that nobody answered, and what became of the request is not known.
export class Failure extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
        readonly again = 0, // seconds, after which the server wants to be asked again
    ) {
        super(message)
    }
}

let csrf = ''

async function call<T>(method: string, path: string, body?: object): Promise<T> {
    let answer: Response
    try {
        answer = await fetch(path, {
            method,
            headers: { 'X-CSRF-Token': csrf, ...(body ? { 'Content-Type': 'application/json' } : {}) },
            body: body ? JSON.stringify(body) : undefined,
        })
    } catch {
        throw new Failure(0, 'network', '')
    }
    if (answer.ok && answer.headers.get('Content-Type')?.startsWith('text/plain')) return (await answer.text()) as T
    const json = await answer.json().catch(() => ({}))
    if (answer.ok || (answer.status === 409 && 'done' in json)) return json as T
    if (answer.status === 401 && path !== '/api/session') dispatchEvent(new Event('loggedout'))
    throw new Failure(answer.status, json.error?.code ?? 'error', json.error?.message ?? answer.statusText, Number(answer.headers.get('Retry-After')))
}

const at = (id: string) => `/api/conversations/${id}`

export const api = {
    async session() {
        const session = await call<Session>('GET', '/api/session')
        csrf = session.csrf
        return session
    },
    logIn: (login: string, password: string) => call<object>('POST', '/api/session', { login, password }),
    logOut: () => call<object>('DELETE', '/api/session'),
    counts: () => call<Counts>('GET', '/api/counts'),
    list: (filter: Record<string, string>) => call<Summary[]>('GET', '/api/conversations?' + new URLSearchParams(filter)),
    conversation: (id: string) => call<Conversation>('GET', at(id)),
    history: (id: string, before = '', limit = 80) =>
        call<Message[]>('GET', at(id) + '/history?' + new URLSearchParams({ limit: String(limit), ...(before ? { before } : {}) })),
    found: (id: string, search: string) => call<Found[]>('GET', at(id) + '/found?' + new URLSearchParams({ search })),
    seen: (id: string) => call<object>('POST', at(id) + '/seen', {}),
    tags: () => call<string[]>('GET', '/api/tags'),
    templates: () => call<Template[]>('GET', '/api/templates'),
    triggers: () => call<Trigger[]>('GET', '/api/triggers'),
    ask: (question: string) => call<Answer>('POST', '/api/ask', { question }),
    // The file as it is; its name travels in the address.
    async upload(id: string, file: File, caption: string): Promise<Outcome> {
        let answer: Response
        try {
            answer = await fetch(`${at(id)}/media?` + new URLSearchParams({ name: file.name, caption }), {
                method: 'POST',
                headers: { 'X-CSRF-Token': csrf, 'Content-Type': file.type || 'application/octet-stream' },
                body: file,
            })
        } catch {
            throw new Failure(0, 'network', '')
        }
        const json = await answer.json().catch(() => ({}))
        if (answer.ok || (answer.status === 409 && 'done' in json)) return json
        throw new Failure(answer.status, json.error?.code ?? 'error', json.error?.message ?? answer.statusText)
    },
    act: (id: string, what: string, body: object = {}) => call<Outcome>('POST', `${at(id)}/${what}`, body),
    pull: () => call<{ given: boolean }>('POST', '/api/pull', {}),
    presence: (presence: string) => call<object>('POST', '/api/presence', { presence }),
    canned: () => call<Canned[]>('GET', '/api/canned'),
    running: () => call<Running>('GET', '/api/running'),
    configuration: () => call<string>('GET', '/api/configuration'),
    heartbeat: () => call<{ presence: string }>('POST', '/api/heartbeat', {}),
    agents: () => call<Agent[]>('GET', '/api/agents'),
    board: () => call<Board>('GET', '/api/board'),
    report: (name: string) => call<Record<string, unknown>[]>('GET', `/api/reports/${name}`),
}

export type Linked = 'live' | 'paused' | 'gone'

// Follows the stream for as long as the page lives. `told` gets each decision; `anew` is called when some may have been missed; `linked` says
// how it stands: live; paused, as the server is there and hears nothing itself; gone.
// `wanted`: the conversation that is open, of which every decision is told; of others only changes of owners, and what this agent has.
export function follow(wanted: () => string, told: (d: Decision) => void, anew: () => void, linked: (how: Linked) => void, loggedOut: () => void) {
    let source: EventSource
    let timer = 0
    let after = ''
    let stopped = false
    // The server says something every 20 s; a network that died in silence says nothing.
    let silent = 0
    const alive = () => {
        clearTimeout(silent)
        silent = window.setTimeout(() => {
            linked('gone')
            source.close()
            open()
        }, 50000)
    }
    const gone = () => linked('gone')
    addEventListener('offline', gone)
    const open = () => {
        alive()
        source = new EventSource('/api/events?' + new URLSearchParams({ conversation: wanted(), ...(after ? { after } : {}) }))
        const note = (e: MessageEvent) => {
            alive()
            after = e.lastEventId || after
        }
        source.addEventListener('pulse', alive)
        source.onopen = () => linked('live')
        source.addEventListener('paused', () => {
            alive()
            linked('paused')
        })
        source.addEventListener('live', () => {
            alive()
            linked('live')
        })
        source.onmessage = (e) => {
            note(e)
            told(JSON.parse(e.data))
        }
        source.addEventListener('hello', note)
        source.addEventListener('reset', (e) => {
            note(e)
            anew()
        })
        source.onerror = () => {
            if (source.readyState !== EventSource.CLOSED) return linked('gone')
            // Refused, not cut: the browser does not try again by itself. A server that is there otherwise has no Kafka.
            clearTimeout(timer)
            timer = window.setTimeout(() => {
                api.session().then(
                    () => {
                        if (stopped) return
                        linked('paused')
                        open()
                    },
                    (f: Failure) => {
                        if (f.status === 401) return loggedOut()
                        linked('gone')
                        source.onerror?.(new Event('error'))
                    },
                )
            }, 2000)
        }
    }
    open()
    return {
        // Goes on from the same place, with what is wanted now.
        again() {
            source.close()
            open()
        },
        stop() {
            stopped = true
            clearTimeout(timer)
            clearTimeout(silent)
            removeEventListener('offline', gone)
            source.close()
        },
    }
}
