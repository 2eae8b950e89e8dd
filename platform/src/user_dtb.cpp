#include "user_dtb.h"

#include <fmt/format.h>
#include <libfdt.h>

namespace smmuvp::platform {

namespace {
// Linux takes device trees of up to 2 MiB (Documentation/arch/arm64/booting.rst).
constexpr std::size_t most_bytes = 2 << 20;
}  // namespace

bool fill_chosen(std::vector<std::uint8_t>& blob, const ChosenNode& chosen, std::string& error) {
  const auto fail = [&](int code, const char* what) {
    error = fmt::format("{}: {}", what, fdt_strerror(code));
    return false;
  };
  if (blob.size() > most_bytes) {
    error =
        fmt::format("the device tree has {:#x} bytes; Linux takes at most {:#x}", blob.size(), most_bytes);
    return false;
  }
  if (const int r = fdt_check_full(blob.data(), blob.size()); r != 0) return fail(r, "no device tree");
  std::vector<std::uint8_t> to(most_bytes);
  if (const int r = fdt_open_into(blob.data(), to.data(), static_cast<int>(to.size())); r != 0)
    return fail(r, "the device tree cannot be changed");
  int node = fdt_path_offset(to.data(), "/chosen");
  if (node == -FDT_ERR_NOTFOUND) node = fdt_add_subnode(to.data(), 0, "chosen");
  if (node < 0) return fail(node, "/chosen");
  int result = 0;
  if (!chosen.bootargs.empty())
    result = fdt_setprop(to.data(), node, "bootargs", chosen.bootargs.c_str(),
                         static_cast<int>(chosen.bootargs.size() + 1));
  if (result == 0 && chosen.initrd_end > chosen.initrd_start) {
    result = fdt_setprop_u64(to.data(), node, "linux,initrd-start", chosen.initrd_start);
    if (result == 0) result = fdt_setprop_u64(to.data(), node, "linux,initrd-end", chosen.initrd_end);
  } else {
    // What a boot loader left there is not in memory now.
    for (const char* name : {"linux,initrd-start", "linux,initrd-end"}) {
      if (result == 0) result = fdt_delprop(to.data(), node, name);
      if (result == -FDT_ERR_NOTFOUND) result = 0;
    }
  }
  if (result != 0) return fail(result, "/chosen");
  fdt_pack(to.data());
  to.resize(fdt_totalsize(to.data()));
  blob = std::move(to);
  return true;
}

}  // namespace smmuvp::platform
