#pragma once
#include <string.h>
#include <types.h>
#ifndef __cplusplus
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
int scnprintf(char* buf, size_t size, const char* fmt, ...) __attribute__((format(printf, 3, 4)));
#endif
