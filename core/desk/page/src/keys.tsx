// SPDX-License-Identifier: Apache-2.0
// Shortcuts in one table: what is pressed, what it does, what the help says. What Chatwoot has too has Chatwoot's key (its
// dashboard/components/widgets/modal/constants.js); the others are letters that mean nothing there.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { t, type Key } from './words'

const table: [what: string, key: string, words: Key][] = [
    ['next', 'Alt+J', 'nextConversation'],
    ['previous', 'Alt+K', 'previousConversation'],
    ['tab', 'Alt+N', 'nextList'],
    ['take', 'Alt+T', 'takeOver'],
    ['reply', 'Alt+L', 'reply'],
    ['note', 'Alt+P', 'note'],
    ['bot', 'Alt+B', 'toBot'],
    ['resolve', 'Alt+E', 'resolve'],
    ['resolve_next', 'Ctrl+Alt+E', 'resolveNext'],
    ['attach', 'Ctrl+Alt+A', 'attach'],
    ['snooze', 'Alt+M', 'snooze'],
    ['tags', 'Alt+G', 'tags'],
    ['insert', 'Alt+I', 'insertSuggested'],
    ['find', 'Alt+F', 'findHere'],
    ['help', '?', 'shortcuts'],
]

// What a key means here; '' for none. Letters by their place on the keyboard: Alt makes other characters of them on some systems.
function shortcut(e: KeyboardEvent): string {
    const typing = e.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)
    const name = e.altKey
        ? (e.ctrlKey || e.metaKey ? 'Ctrl+' : '') + 'Alt+' + e.code.replace(/^Key/, '')
        : !typing && !e.ctrlKey && !e.metaKey
          ? e.key
          : ''
    return table.find(([, key]) => key === name)?.[0] ?? ''
}

// Does what is pressed; false: it means nothing to this part of the page. As it is drawn at once, not a frame later: a key means what its presser
// sees.
export function useShortcuts(act: (what: string) => boolean) {
    useLayoutEffect(() => {
        const key = (e: KeyboardEvent) => {
            if (act(shortcut(e))) e.preventDefault()
        }
        addEventListener('keydown', key)
        return () => removeEventListener('keydown', key)
    })
}

// What is pressed for it.
export const pressed = (of: string) => table.find(([what]) => what === of)![1]

export function Help({ close }: { close: () => void }) {
    return (
        <Dialog title={t('shortcuts')} close={close}>
            <dl class="keys">
                {table.map(([what, key, words]) => (
                    <div key={what}>
                        <dt>
                            <kbd>{key}</kbd>
                        </dt>
                        <dd>{t(words)}</dd>
                    </div>
                ))}
            </dl>
        </Dialog>
    )
}

// The browser's own dialog: it keeps the focus in, and Escape closes it.
export function Dialog({ title, close, children }: { title: string; close: () => void; children: preact.ComponentChildren }) {
    const ref = useRef<HTMLDialogElement>(null)
    useEffect(() => ref.current?.showModal(), [])
    return (
        <dialog ref={ref} onClose={close} aria-label={title}>
            <h2>{title}</h2>
            {children}
            <button class="plain close" onClick={() => ref.current?.close()}>
                {t('close')}
            </button>
        </dialog>
    )
}
