#pragma once
#define msleep(ms) ((void)(ms))
