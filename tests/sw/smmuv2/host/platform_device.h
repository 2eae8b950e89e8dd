#pragma once
#include <device.h>
struct platform_device;
#define to_platform_device(d) ((struct platform_device*)(d))
int platform_irq_count(struct platform_device* pdev);
int platform_get_irq(struct platform_device* pdev, unsigned num);
