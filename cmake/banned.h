/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns functions that cannot be used safely into compile errors; the build includes it before every file of ours.
 * It must never declare anything else. The headers that declare these functions come first, so that their own
 * declarations are read before the names are taken away (the way of git's banned.h).
 */
#ifndef RELEVO_BANNED_H
#define RELEVO_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RELEVO_BANNED(f) relevo_banned_function_##f

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef stpcpy
#undef strtok
#undef sprintf
#undef vsprintf
#undef gets
#undef atoi
#undef atol
#undef atoll
#undef atof
#undef asctime
#undef ctime
#undef gmtime
#undef localtime
#undef rand

#define strcpy(d, s) RELEVO_BANNED(strcpy)
#define strcat(d, s) RELEVO_BANNED(strcat)
#define strncpy(d, s, n) RELEVO_BANNED(strncpy)
#define strncat(d, s, n) RELEVO_BANNED(strncat)
#define stpcpy(d, s) RELEVO_BANNED(stpcpy)
#define strtok(s, d) RELEVO_BANNED(strtok)
#define sprintf(...) RELEVO_BANNED(sprintf)
#define vsprintf(...) RELEVO_BANNED(vsprintf)
#define gets(s) RELEVO_BANNED(gets)
#define atoi(s) RELEVO_BANNED(atoi)
#define atol(s) RELEVO_BANNED(atol)
#define atoll(s) RELEVO_BANNED(atoll)
#define atof(s) RELEVO_BANNED(atof)
#define asctime(t) RELEVO_BANNED(asctime)
#define ctime(t) RELEVO_BANNED(ctime)
#define gmtime(t) RELEVO_BANNED(gmtime)
#define localtime(t) RELEVO_BANNED(localtime)
#define rand() RELEVO_BANNED(rand)

#endif
