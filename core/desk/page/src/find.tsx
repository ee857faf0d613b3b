// SPDX-License-Identifier: Apache-2.0
// Searching in one conversation: all of its history, not only what is loaded.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { api, type Found } from './api'
import { t } from './words'

export function Find({ id, words, setWords, go, close }: { id: string; words: string; setWords: (w: string) => void; go: (f: Found) => void; close: () => void }) {
    const [found, setFound] = useState<Found[]>()
    const [at, setAt] = useState(0)
    const field = useRef<HTMLInputElement>(null)
    useLayoutEffect(() => field.current?.focus(), []) // before anybody's next key
    useEffect(() => {
        setFound(undefined)
        if (!words.trim()) return
        const timer = setTimeout(() => {
            api.found(id, words.trim()).then(
                (all) => {
                    setFound(all)
                    setAt(0)
                    if (all[0]) go(all[0])
                },
                () => undefined,
            )
        }, 300)
        return () => clearTimeout(timer)
    }, [id, words])
    const move = (by: number) => {
        if (!found?.length) return
        const next = (at + by + found.length) % found.length
        setAt(next)
        go(found[next])
    }
    return (
        <form
            class="find"
            role="search"
            onSubmit={(e) => {
                e.preventDefault()
                move(1)
            }}
            onKeyDown={(e) => e.key === 'Escape' && close()}
        >
            <input ref={field} type="search" value={words} aria-label={t('findHere')} placeholder={t('findHere')} onInput={(e) => setWords(e.currentTarget.value)} />
            <span role="status">{found ? (found.length ? t('found', String(at + 1), String(found.length)) : t('foundNone')) : ''}</span>
            <button type="button" aria-label={t('previousFound')} title={t('previousFound')} onClick={() => move(-1)}>
                ↑
            </button>
            <button type="submit" aria-label={t('nextFound')} title={t('nextFound')}>
                ↓
            </button>
            <button type="button" class="plain" aria-label={t('close')} onClick={close}>
                ×
            </button>
        </form>
    )
}
