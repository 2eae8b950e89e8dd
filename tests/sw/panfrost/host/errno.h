#pragma once
#include_next <errno.h>
