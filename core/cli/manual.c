/* SPDX-License-Identifier: Apache-2.0 */
/* Man pages and completions; see manual.h. Must never know an option that the command's own --help does not show. */
#include "cli/manual.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { WORDS_MAX = 48, WORD_MAX = 40 };

/* Words that may follow a command. */
struct word {
    char text[WORD_MAX]; /* "--json", "list" */
    bool option, takes, file; /* takes a value; that is a file */
};

struct page {
    char *text; /* what --help says */
    struct word words[WORDS_MAX];
    size_t n;
    bool files; /* files may be named behind the command, not only behind an option */
};

/* ---- what a command says of itself -------------------------------------------------------------------------------- */

/* Runs `COMMAND --help` with stdout going to memory. NULL without memory. */
static char *help_of(const rlv_cli_command *command)
{
    char name[WORD_MAX], option[] = "--help", *args[] = {name, option, NULL}, *text = NULL;
    size_t size;
    (void)snprintf(name, sizeof(name), "%s", command->name);
    FILE *memory = open_memstream(&text, &size), *screen = stdout;
    if (!memory)
        return NULL;
    stdout = memory;
    (void)command->run(2, args);
    stdout = screen;
    return fclose(memory) == 0 ? text : NULL;
}

static struct word *add(struct page *page, const char *text, size_t len)
{
    for (size_t i = 0; i < page->n; i++)
        if (strlen(page->words[i].text) == len && strncmp(page->words[i].text, text, len) == 0)
            return &page->words[i];
    if (page->n == WORDS_MAX || len >= WORD_MAX)
        return NULL;
    struct word *word = &page->words[page->n++];
    memcpy(word->text, text, len);
    return word;
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

/* "Usage: relevo topics create|list ...", "       relevo dlq show LETTER": create, list, show. */
static void read_verbs(struct page *page, const char *line)
{
    const char *at = strstr(line, "relevo ");
    if (!at || at - line > 7) /* not at the head of a usage line */
        return;
    at += 7;
    at += strcspn(at, " \n");
    while (*at == ' ' || *at == '|') {
        at++;
        size_t len = strspn(at, letters);
        if (len == 0 || !strchr(" |\n", at[len]))
            return;
        (void)add(page, at, len);
        at += len;
        if (*at == ' ')
            return;
    }
}

/* "--since TIME", "--plugin NAME=FILE", "--json". */
static void read_options(struct page *page, const char *line, size_t len)
{
    for (const char *at = line; (at = memmem(at, len - (size_t)(at - line), "--", 2)); at += 2) {
        size_t name = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
        if (name == 0 || (at > line && !strchr(" [(", at[-1])))
            continue;
        struct word *word = add(page, at, name + 2);
        const char *value = at + 2 + name;
        if (!word)
            continue;
        word->option = true;
        if (*value != ' ' || !isupper((unsigned char)value[1]) || islower((unsigned char)value[2]))
            continue;
        size_t value_len = strcspn(value + 1, " ]\n");
        word->takes = true;
        word->file = word->file || memmem(value, value_len + 1, "FILE", 4) != NULL;
    }
}

/* Whether a usage line has a FILE that is not the value of the option before it. */
static bool names_files(const char *line, size_t len)
{
    const char *option = NULL; /* the word before begins with "--", perhaps in brackets */
    for (const char *at = line, *end = line + len; at < end;) {
        const char *word = at + (*at == '[');
        size_t n = strcspn(at, " \n");
        if (!option && memmem(at, n, "FILE", 4))
            return true;
        option = strncmp(word, "--", 2) == 0 ? word : NULL;
        at += n + 1;
    }
    return false;
}

static bool read_page(const rlv_cli_command *command, struct page *ret)
{
    *ret = (struct page){.text = help_of(command)};
    if (!ret->text)
        return false;
    bool usage = true;
    for (const char *line = ret->text; *line;) {
        size_t len = strcspn(line, "\n");
        usage = usage && len > 0;
        if (usage)
            read_verbs(ret, line);
        ret->files = ret->files || (usage && names_files(line, len));
        read_options(ret, line, len);
        line += len + (line[len] != '\0');
    }
    (void)add(ret, "--help", 6);
    ret->words[ret->n - 1].option = true;
    return true;
}

/* A text for within single quotes; another quote is written as `quote`. */
static void put_quoted(const char *text, const char *quote)
{
    for (; *text; text++)
        if (*text == '\'')
            (void)fputs(quote, stdout);
        else
            (void)putchar(*text);
}

/* ---- completions --------------------------------------------------------------------------------------------------- */

static void bash_head(const rlv_cli_command *commands, size_t n)
{
    (void)puts("# bash completion of relevo; made by `relevo completion bash`\n"
               "_relevo() {\n"
               "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words files=\n"
               "    COMPREPLY=()\n"
               "    if [ \"$COMP_CWORD\" = 1 ]; then");
    (void)fputs("        words='", stdout);
    for (size_t i = 0; i < n; i++)
        (void)printf("%s ", commands[i].name);
    (void)puts("completion man --help --version'\n"
               "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
               "        return\n"
               "    fi\n"
               "    case ${COMP_WORDS[1]}:$prev in");
}

static void bash_page(const rlv_cli_command *command, const struct page *page, bool values)
{
    if (!values) {
        (void)printf("        %s) words='", command->name);
        for (size_t i = 0; i < page->n; i++)
            (void)printf("%s%s", i ? " " : "", page->words[i].text);
        (void)printf("'%s ;;\n", page->files ? " files=1" : "");
        return;
    }
    for (size_t i = 0; i < page->n; i++)
        if (page->words[i].takes)
            (void)printf("        %s:%s) %sreturn ;;\n", command->name, page->words[i].text,
                         page->words[i].file ? "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); " : "");
}

static void zsh_page(const rlv_cli_command *command, const struct page *page)
{
    (void)printf("        %s) known=(", command->name);
    for (size_t i = 0; i < page->n; i++)
        (void)printf("%s%s", i ? " " : "", page->words[i].text);
    (void)fputs(") files=(", stdout);
    for (size_t i = 0; i < page->n; i++)
        if (page->words[i].file)
            (void)printf("%s ", page->words[i].text);
    (void)printf(")%s ;;\n", page->files ? "" : " more=");
}

static void fish_page(const rlv_cli_command *command, const struct page *page)
{
    (void)printf("complete -c relevo -n __fish_use_subcommand -a %s -d '", command->name);
    put_quoted(command->help, "\\'");
    (void)puts("'");
    for (size_t i = 0; i < page->n; i++) {
        const struct word *word = &page->words[i];
        (void)printf("complete -c relevo -n '__fish_seen_subcommand_from %s' ", command->name);
        if (word->option)
            (void)printf("-l %s%s\n", word->text + 2, word->file ? " -rF" : word->takes ? " -x" : "");
        else
            (void)printf("-a %s\n", word->text);
    }
    if (page->files)
        (void)printf("complete -c relevo -n '__fish_seen_subcommand_from %s' -F\n", command->name);
}

static int put_bash(const rlv_cli_command *commands, struct page *pages, size_t n)
{
    bash_head(commands, n);
    for (size_t i = 0; i < n; i++)
        bash_page(&commands[i], &pages[i], true);
    (void)puts("    esac\n    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; i < n; i++)
        bash_page(&commands[i], &pages[i], false);
    (void)puts("        completion) words='bash zsh fish' ;;\n"
               "        man) words='' ;;\n"
               "        *) words='' files=1 ;;\n"
               "    esac\n"
               "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
               "    [ -z \"$files\" ] || [[ $cur == -* ]] || mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$cur\")\n"
               "}\n"
               "complete -o filenames -F _relevo relevo");
    return EX_OK;
}

static int put_zsh(const rlv_cli_command *commands, struct page *pages, size_t n)
{
    (void)puts("#compdef relevo\n# zsh completion of relevo; made by `relevo completion zsh`\n"
               "_relevo() {\n"
               "    local -a commands known files\n"
               "    local more=1 # files may be named without an option\n"
               "    commands=(");
    for (size_t i = 0; i < n; i++) {
        (void)printf("        '%s:", commands[i].name);
        put_quoted(commands[i].help, "'\\''");
        (void)puts("'");
    }
    (void)puts("        'completion:completes words in a shell'\n        'man:the manual'\n    )\n"
               "    if (( CURRENT == 2 )); then\n"
               "        _describe command commands\n"
               "        return\n"
               "    fi\n"
               "    case $words[2] in");
    for (size_t i = 0; i < n; i++)
        zsh_page(&commands[i], &pages[i]);
    (void)puts("        completion) known=(bash zsh fish) files=() more= ;;\n"
               "    esac\n"
               "    if (( ${files[(Ie)$words[CURRENT-1]]} )); then _files; return; fi\n"
               "    compadd -- $known\n"
               "    [[ -z $more ]] || _files\n"
               "}\n"
               "_relevo \"$@\"");
    return EX_OK;
}

static int put_fish(const rlv_cli_command *commands, struct page *pages, size_t n)
{
    (void)puts("# fish completion of relevo; made by `relevo completion fish`\ncomplete -c relevo -f");
    for (size_t i = 0; i < n; i++)
        fish_page(&commands[i], &pages[i]);
    (void)puts("complete -c relevo -n __fish_use_subcommand -a 'completion man'\n"
               "complete -c relevo -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'");
    (void)fputs("complete -c relevo -F -n 'not __fish_use_subcommand; and not __fish_seen_subcommand_from completion man", stdout);
    for (size_t i = 0; i < n; i++)
        (void)printf(" %s", commands[i].name);
    (void)puts("'"); /* a plugin's tool */
    return EX_OK;
}

int rlv_cli_completion(const rlv_cli_command *commands, size_t n, int argc, char **argv)
{
    static const struct {
        const char *shell;
        int (*put)(const rlv_cli_command *commands, struct page *pages, size_t n);
    } shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};
    static const char help[] = "Usage: relevo completion bash|zsh|fish\n\n"
                               "Prints what completes the words of relevo in that shell: source <(relevo completion bash)\n";
    int first, code = rlv_cli_parse(argc, argv, help, NULL, 0, &first);
    if (code >= 0)
        return code;
    size_t which = 0;
    while (which < 3 && (argc - first != 1 || strcmp(argv[first], shells[which].shell) != 0))
        which++;
    if (which == 3)
        return rlv_cli_usage("completion", "say bash, zsh or fish");
    struct page *pages = calloc(n, sizeof(*pages));
    code = pages ? EX_OK : EX_OSERR;
    for (size_t i = 0; i < n && code == EX_OK; i++)
        code = read_page(&commands[i], &pages[i]) ? EX_OK : EX_OSERR;
    if (code == EX_OK)
        code = shells[which].put(commands, pages, n);
    for (size_t i = 0; pages && i < n; i++)
        free(pages[i].text);
    free(pages);
    return code;
}

/* ---- man ----------------------------------------------------------------------------------------------------------- */

/* A line that roff takes as it is. */
static void put_line(const char *line, size_t len)
{
    if (len && (line[0] == '.' || line[0] == '\''))
        (void)fputs("\\&", stdout);
    for (size_t i = 0; i < len; i++)
        if (line[i] == '\\')
            (void)fputs("\\e", stdout);
        else if (line[i] == '-')
            (void)fputs("\\-", stdout);
        else if (line[i] == '\'')
            (void)fputs("\\(aq", stdout);
        else
            (void)putchar(line[i]);
    (void)putchar('\n');
}

static void put_text(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t line = strcspn(text + at, "\n");
        line = line < len - at ? line : len - at;
        put_line(text + at, line);
        at += line + 1;
    }
}

static void put_tail(void)
{
    (void)puts(".SH FILES\n.TP\n.I /etc/relevo/relevo.yaml\nthe configuration, where neither \\-\\-config nor RELEVO_CONFIG names another\n"
               ".SH ENVIRONMENT\n.TP\n.B RELEVO_CONFIG\nthe configuration\n"
               ".TP\n.B RELEVO_*\neach option of the configuration\n"
               ".TP\n.B NO_COLOR\nif it is set and not empty, nothing is coloured\n"
               ".SH EXIT STATUS\nThose of sysexits.h: 0 done, 64 wrong usage, 65 bad data, 66 no such input, 69 a server is away, 70 a fault of relevo itself,\n"
               "71 the system, 73 a file cannot be made, 74 output cannot be written, 75 try again, 78 configuration.");
}

static int put_overview(const rlv_cli_command *commands, size_t n)
{
    (void)puts(".TH RELEVO 1 \"\" \"relevo " RELEVO_VERSION "\"\n.SH NAME\n"
               "relevo \\- lets AI and people share WhatsApp conversations, on Kafka and Postgres\n"
               ".SH SYNOPSIS\n.B relevo\n.I command\n[\\fIoptions\\fR]\n.SH COMMANDS");
    for (size_t i = 0; i < n; i++) {
        (void)printf(".TP\n.BR relevo\\-%s (1)\n", commands[i].name);
        put_line(commands[i].help, strlen(commands[i].help));
    }
    (void)puts(".TP\n.B completion\ncompletes words in bash, zsh or fish\n.TP\n.B man\nthis manual\n.TP\n.I plugin\na plugin\\(aqs own tool, as \\(dqrelevo classifier train\\(dq");
    put_tail();
    return EX_OK;
}

static int put_page(const rlv_cli_command *command)
{
    char *text = help_of(command);
    if (!text)
        return EX_OSERR;
    const char *gap = strstr(text, "\n\n");
    size_t usage = gap ? (size_t)(gap - text) : strlen(text);
    (void)printf(".TH \"RELEVO\\-");
    for (const char *c = command->name; *c; c++)
        (void)putchar(toupper((unsigned char)*c));
    (void)printf("\" 1 \"\" \"relevo " RELEVO_VERSION "\"\n.SH NAME\nrelevo\\-%s \\- ", command->name);
    put_line(command->help, strlen(command->help));
    (void)puts(".SH SYNOPSIS\n.nf");
    static const char word[] = "Usage: ";
    size_t skipped = strncmp(text, word, strlen(word)) == 0 ? strlen(word) : 0;
    put_text(text + skipped, usage - skipped);
    (void)puts(".fi\n.SH DESCRIPTION\n.nf");
    if (gap)
        put_text(gap + 2, strlen(gap + 2));
    (void)puts(".fi");
    put_tail();
    (void)puts(".SH SEE ALSO\n.BR relevo (1)");
    free(text);
    return EX_OK;
}

int rlv_cli_man(const rlv_cli_command *commands, size_t n, int argc, char **argv)
{
    static const char help[] = "Usage: relevo man [COMMAND]\n\n"
                               "Prints the manual as roff: relevo man lag | man -l -\n";
    int first, code = rlv_cli_parse(argc, argv, help, NULL, 0, &first);
    if (code >= 0)
        return code;
    if (argc - first > 1)
        return rlv_cli_usage("man", "one COMMAND, or none");
    if (first == argc)
        return put_overview(commands, n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(commands[i].name, argv[first]) == 0)
            return put_page(&commands[i]);
    return rlv_cli_usage("man", "there is no command '%s'", argv[first]);
}
