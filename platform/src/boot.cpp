#include "boot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <new>
#include <set>

#include "cpio.h"
#include "device_tree.h"
#include "guest_files.h"
#include "sha256.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "unpack.h"
#include "user_dtb.h"

namespace smmuvp::platform {

namespace {

constexpr std::uint64_t most_file_bytes = std::uint64_t{1} << 30;
constexpr std::uint64_t mib2 = 2 << 20;

std::uint64_t align_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) & ~(to - 1); }

std::vector<std::uint8_t> need_file(const HostFile& file, const std::string& what,
                                    const std::string& hint = {}) {
  std::vector<std::uint8_t> data;
  std::string error;
  if (!read_file(file.path, most_file_bytes, data, error)) {
    config_error(
        file.place, what,
        fmt::format("{} = \"{}\": {}{}{}", what, file.written, error, hint.empty() ? "" : "\n  ", hint));
  }
  return data;
}

std::vector<std::uint8_t> device_tree(const System& system, const ChosenNode& chosen) {
  const BootConfig& boot = system.config().boot;
  if (!boot.dtb) return make_device_tree(system, chosen);
  std::vector<std::uint8_t> blob = need_file(*boot.dtb, "dtb");
  std::string error;
  if (!fill_chosen(blob, chosen, error))
    config_error(boot.dtb->place, "dtb", fmt::format("dtb {}: {}", boot.dtb->path, error));
  return blob;
}

// arm64's boot protocol: the device tree is 8-byte aligned, within 2 MiB; the initramfs follows. Both go
// above the kernel in the first memory that has room for them. Returns where they end.
std::uint64_t place_device_tree(BootPlan& plan, const std::vector<ImageMemory>& memories,
                                const Place& kernel) {
  std::string ends;
  for (const ImageMemory& m : memories) {
    const std::uint64_t tree = align_up(plan.kernel.end_in(m), mib2);
    const std::uint64_t end = tree + mib2 + plan.initramfs.size();
    if (m.holds(tree, mib2 + plan.initramfs.size())) {
      plan.device_tree_address = tree;
      plan.initramfs_address = tree + mib2;
      return end;
    }
    ends += fmt::format("{}in {} they would end at {:#x} and it ends at {:#x}", ends.empty() ? "" : ", ",
                        m.name, end, m.base + m.size);
  }
  config_error(kernel, "kernel",
               fmt::format("no memory has room above the kernel for device tree and initramfs ({:#x} bytes "
                           "from a multiple of 2 MiB): {}",
                           mib2 + plan.initramfs.size(), ends));
}

// What the guest shall leave alone cannot be where a memory holds what boots, which ends at `end`.
void check_identities(const System& system, const ImageMemory& memory, std::uint64_t end) {
  for (const auto& instance : system.instances()) {
    if (!instance->config->behind || !instance->config->behind->identity) continue;
    const Identity& identity = *instance->config->behind->identity;
    if (identity.base < end && memory.base < identity.base + identity.size) {
      config_error(identity.place, "identity",
                   fmt::format("[{}] behind.identity: {:#x} bytes at {:#x} lie where kernel, device tree and "
                               "initramfs do; these end at {:#x}",
                               instance->config->name, identity.size, identity.base, end));
    }
  }
}

// Behind what boots, which ends at `end`, a memory is free up to what the guest shall leave alone.
void find_free(BootPlan& plan, const System& system, const ImageMemory& memory, std::uint64_t end) {
  plan.free_end = memory.base + memory.size;
  plan.free_base = std::min(align_up(end, mib2), plan.free_end);
  for (const auto& instance : system.instances()) {
    if (!instance->config->behind || !instance->config->behind->identity) continue;
    const Identity& identity = *instance->config->behind->identity;
    if (identity.base >= end && identity.base < plan.free_end)
      plan.free_end = std::max(identity.base, plan.free_base);
  }
}

BootPart part_of(const char* what, const std::string& name, const std::vector<std::uint8_t>& data) {
  Sha256 hash;
  hash.update(data.data(), data.size());
  return {what, name, data.size(), hash.hex()};
}

std::string module_path(const HostFile& module) {
  return "/lib/modules/" + std::filesystem::path(module.path).filename().string();
}

// Names of the modules in a folder, sorted: what the file system's order is tells nobody.
std::set<std::string> module_names(const HostFile& folder) {
  std::set<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder.path, error);
  for (const std::filesystem::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".ko") names.insert(entry->path().filename().string());
  }
  if (error) {
    config_error(folder.place, "modules",
                 fmt::format("modules = \"{}\": cannot read the folder {}: {}", folder.written, folder.path,
                             error.message()));
  }
  if (names.empty()) {
    config_error(folder.place, "modules",
                 fmt::format("modules = \"{}\": no .ko is in the folder {}", folder.written, folder.path));
  }
  return names;
}

}  // namespace

void expand_modules(BootConfig& boot) {
  std::vector<HostFile> files;
  for (HostFile& module : boot.modules) {
    if (module.written.back() != '/') {
      files.push_back(std::move(module));
      continue;
    }
    for (const std::string& name : module_names(module))
      files.push_back(
          {(std::filesystem::path(module.path) / name).string(), module.written + name, module.place});
  }
  boot.modules = std::move(files);
}

std::vector<std::uint8_t> make_initramfs(const BootConfig& boot, std::vector<BootPart>& parts) {
  if (boot.initrd) return need_file(*boot.initrd, "initrd");
  if (boot.modules.empty() && !boot.init && boot.files.empty()) return {};
  // Looked at before anything is read: a list of many large files may name one of them twice.
  std::set<std::string> names;
  for (const HostFile& module : boot.modules) {
    const std::string path = module_path(module);
    if (!names.insert(path).second)
      config_error(module.place, "modules", fmt::format("modules: '{}' is there twice", path));
  }
  CpioWriter cpio;
  const auto add = [&](const std::string& path, std::uint32_t mode, const HostFile& file, const char* what) {
    const std::vector<std::uint8_t> data = need_file(file, what);
    parts.push_back(part_of("file", path, data));
    if (!cpio.add_file(path, mode, data)) {
      config_error(
          file.place, what,
          fmt::format("{}: '{}' cannot be a path of the initramfs (absolute, 4096 bytes at most, each once)",
                      what, path));
    }
  };
  if (boot.init) add("/init", 0755, *boot.init, "init");
  for (const HostFile& module : boot.modules) {
    add(module_path(module), 0644, module, "modules");
  }
  for (const auto& [path, file] : boot.files) add(path, 0644, file, "files");
  return cpio.finish();
}

BootPlan plan_boot(const System& system, const std::string& bootargs) {
  BootPlan plan;
  const BootConfig& boot = system.config().boot;
  ChosenNode chosen;
  chosen.bootargs = bootargs;
  if (system.cpus().empty()) {
    if (boot.kernel) config_error(boot.kernel->place, "kernel", "there is a kernel, but no CPU");
    plan.device_tree = device_tree(system, chosen);
    return plan;
  }
  const Place here = boot.place.file.empty() ? Place{system.config().file, 0, 0} : boot.place;
  if (!boot.kernel) {
    config_error(here, "kernel", boot.with_hint("[boot] has no 'kernel'; --kernel FILE gives one"));
  }
  if (system.memories().empty()) config_error(here, "kernel", "there is no memory for the kernel");

  std::vector<ImageMemory> memories;
  std::uint64_t memory_bytes = 0;
  for (const MemoryRange& m : system.memories()) {
    memories.push_back({m.name, m.base, m.size});
    memory_bytes += m.size;
  }
  plan.kernel_file = need_file(*boot.kernel, "kernel", boot.hint);
  const std::string kernel_name = std::filesystem::path(boot.kernel->path).filename().string();
  plan.parts.push_back(part_of("kernel", kernel_name, plan.kernel_file));
  std::string error;
  if (!unpack_kernel(plan.kernel_file, most_unpacked_bytes(memory_bytes), error) ||
      !parse_kernel(plan.kernel_file.data(), plan.kernel_file.size(), memories, plan.kernel, error)) {
    config_error(boot.kernel->place, "kernel", fmt::format("kernel {}: {}", boot.kernel->path, error));
  }
  plan.has_kernel = true;
  try {
    std::vector<BootPart> files;
    plan.initramfs = make_initramfs(boot, files);
    if (!plan.initramfs.empty()) plan.parts.push_back(part_of("initramfs", "", plan.initramfs));
    plan.parts.insert(plan.parts.end(), files.begin(), files.end());
  } catch (const std::bad_alloc&) {
    config_error(here, "boot", "[boot] this machine has not enough memory to make the initramfs");
  }

  const std::uint64_t end = place_device_tree(plan, memories, boot.kernel->place);
  for (const ImageMemory& m : memories) {
    const bool has_tree = m.holds(plan.device_tree_address, mib2);
    check_identities(system, m, has_tree ? end : plan.kernel.end_in(m));
    if (has_tree) find_free(plan, system, m, end);
  }
  plan.command_line = kernel_name;
  if (!bootargs.empty()) plan.command_line += " " + bootargs;
  if (!plan.initramfs.empty()) {
    chosen.initrd_start = plan.initramfs_address;
    chosen.initrd_end = end;
  }
  plan.device_tree = device_tree(system, chosen);
  plan.parts.push_back(part_of("device-tree", "", plan.device_tree));
  return plan;
}

void load(const BootPlan& plan, const System& system) {
  if (!plan.has_kernel) return;
  // The plan has checked that each piece lies in one memory.
  const auto put = [&](std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes) {
    for (const MemoryRange& m : system.memories()) {
      if (bytes != 0 && address >= m.base && address - m.base < m.size)
        std::memcpy(m.control->data() + (address - m.base), data, bytes);
    }
  };
  // Memory is zero at the start, so the rest of each segment needs no writing; what software made of it
  // outlasts a reset of the processors.
  for (const ImageSegment& s : plan.kernel.segments)
    put(s.address, plan.kernel_file.data() + s.file_offset, s.file_bytes);
  put(plan.device_tree_address, plan.device_tree.data(), plan.device_tree.size());
  put(plan.initramfs_address, plan.initramfs.data(), plan.initramfs.size());
  // Secondary CPUs wait for PSCI CPU_ON; each CPU component knows its own number.
  system.cpus().front()->set_start(plan.kernel.entry, plan.device_tree_address, 0, 0, 0);
}

}  // namespace smmuvp::platform
