// Kernel, device tree and initramfs: read, checked, placed, and written to memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "image.h"
#include "system.h"

namespace smmuvp::platform {

/// Something that was booted, by its bytes.
struct BootPart {
  std::string what;  ///< "kernel", "initramfs", "device-tree"; "file": one of an initramfs that was made
  std::string name;  ///< of the kernel's file; of a file in the initramfs, its path there; else empty
  std::uint64_t bytes = 0;
  std::string sha256;  ///< in lower-case hexadecimal
};

/// Everything that goes to memory before the guest starts.
struct BootPlan {
  std::vector<std::uint8_t> kernel_file;
  KernelImage kernel;
  bool has_kernel = false;
  std::vector<std::uint8_t> initramfs;  ///< empty: none
  std::uint64_t initramfs_address = 0;
  std::vector<std::uint8_t> device_tree;
  std::uint64_t device_tree_address = 0;
  std::string command_line;     ///< of the program: the kernel's file name, then the bootargs
  std::uint64_t free_base = 0;  ///< memory that nothing has been loaded into, up to the next reserved range
  std::uint64_t free_end = 0;
  std::vector<BootPart> parts;  ///< the kernel's file as it was, before unpacking
};

/// Puts, in place of each folder of boot.modules (written with a '/' at its end), its files *.ko, in the
/// order of their names' bytes.
/// @throws ConfigError with the place of a folder that cannot be read or has none
void expand_modules(BootConfig& boot);

/// The initramfs of a configuration: the file boot.initrd as it is, or one made of /init, /lib/modules/<file>
/// and boot.files; empty if there are none of them.
/// @param parts  what is in one that is made, in order; appended
/// @throws ConfigError with the place of a file that is missing
std::vector<std::uint8_t> make_initramfs(const BootConfig& boot, std::vector<BootPart>& parts);

/// @param bootargs  complete. @throws ConfigError
BootPlan plan_boot(const System& system, const std::string& bootargs);

/// Writes the plan to memory and sets where the CPUs start: at the start, and when processors are reset.
void load(const BootPlan& plan, const System& system);

}  // namespace smmuvp::platform
