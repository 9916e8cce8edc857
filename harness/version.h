/* SPDX-License-Identifier: MIT */
/* version.h -- what this build calls itself. */
#ifndef HM_HARNESS_VERSION_H
#define HM_HARNESS_VERSION_H

/* The build passes HM_PROJECT_VERSION; a lone compile of one file does not. */
#ifdef HM_PROJECT_VERSION
#define HM_VERSION HM_PROJECT_VERSION
#else
#define HM_VERSION "unversioned"
#endif

#ifdef HM_BUILD_FLAGS
#define HM_COMPILER_FLAGS HM_BUILD_FLAGS
#else
#define HM_COMPILER_FLAGS "unknown"
#endif

#ifdef __clang__
#define HM_COMPILER __VERSION__
#else
#define HM_COMPILER "gcc " __VERSION__
#endif

/* Version of the columns of the result files. */
enum { HM_SCHEMA_VERSION = 1 };

#endif /* HM_HARNESS_VERSION_H */
