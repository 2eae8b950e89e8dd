#pragma once
#include <device.h>
#include <module.h>
struct platform_device {
  struct device dev;
  void* data;
};
struct platform_driver {
  int (*probe)(struct platform_device* pdev);
  void (*remove)(struct platform_device* pdev);
  struct device_driver driver;
};
#define platform_set_drvdata(p, d) ((void)((p)->data = (d)))
#define platform_get_drvdata(p) ((p)->data)
int platform_get_irq_byname(struct platform_device* pdev, const char* name);
int platform_driver_register(struct platform_driver* drv);
void platform_driver_unregister(struct platform_driver* drv);
void* devm_platform_get_and_ioremap_resource(struct platform_device* pdev, unsigned index,
                                             struct resource** res);
