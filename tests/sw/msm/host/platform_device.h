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
#define platform_get_irq(p, n) ((void)(p), 0)
void* devm_platform_ioremap_resource(struct platform_device* pdev, unsigned index);
int platform_driver_register(struct platform_driver* drv);
void platform_driver_unregister(struct platform_driver* drv);
