// SPDX-License-Identifier: Apache-2.0
// A conversation's tags: seen, taken away, added.
import { useState } from 'preact/hooks'
import { t } from './words'

export function Tags(props: { tags: string[]; all: string[]; change?: (add: string, remove: string) => void }) {
    const [text, setText] = useState('')
    const change = props.change
    if (!change && !props.tags.length) return null
    return (
        <div class="tagbar">
            <ul class="tags" aria-label={t('tags')}>
                {props.tags.map((tag) => (
                    <li key={tag} class="tag own">
                        #{tag}
                        {change && (
                            <button class="plain small" aria-label={t('removeTag', tag)} title={t('removeTag', tag)} onClick={() => change('', tag)}>
                                ×
                            </button>
                        )}
                    </li>
                ))}
            </ul>
            {change && (
                <form
                    onSubmit={(e) => {
                        e.preventDefault()
                        const add = text.replace(/#/g, '').trim()
                        if (add) change(add, '')
                        setText('')
                    }}
                >
                    <input class="addtag" list="all-tags" maxLength={40} value={text} placeholder={t('addTag')} aria-label={t('addTag')} onInput={(e) => setText(e.currentTarget.value)} />
                    <datalist id="all-tags">
                        {props.all.map((tag) => (
                            <option key={tag}>{tag}</option>
                        ))}
                    </datalist>
                </form>
            )}
        </div>
    )
}
