#pragma once
#include <../../panfrost/host/types.h>
#define GFP_ATOMIC 2u
typedef int32_t s32;
