#pragma once
struct module;
#define THIS_MODULE ((struct module*)0)
