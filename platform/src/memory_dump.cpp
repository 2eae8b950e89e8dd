#include "memory_dump.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "memory_image.h"
#include "smmuvp/tlm/dump_control.h"
#include "smmuvp/tlm/memory_control.h"

namespace smmuvp::platform {

namespace {

constexpr std::uint64_t page_bytes = 4096;

std::vector<tables::SavedSmmu> smmus_of(const System& system) {
  std::vector<tables::SavedSmmu> smmus;
  for (const auto& instance : system.instances()) {
    const auto* control = dynamic_cast<const DumpControl*>(instance->component.get());
    if (control == nullptr) continue;
    tables::SavedSmmu smmu;
    smmu.name = instance->config->name;
    smmu.type = instance->config->type;
    for (const ParamInfo& info : instance->params.infos()) {
      if (instance->params.given(info.name)) {
        smmu.parameters.emplace_back(info.name, instance->params.value_text(info.name));
      }
    }
    smmu.registers = control->register_values();
    smmus.push_back(std::move(smmu));
  }
  return smmus;
}

int write_all(int descriptor, const void* data, std::uint64_t bytes, std::uint64_t offset) {
  const auto* from = static_cast<const char*>(data);
  for (std::uint64_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(descriptor, from + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    done += static_cast<std::uint64_t>(n);
  }
  return 0;
}

bool all_zero(const std::uint8_t* data, std::uint64_t bytes) {
  return bytes == 0 || (data[0] == 0 && std::memcmp(data, data + 1, bytes - 1) == 0);
}

}  // namespace

int write_memory_dump(OutputFile& file, const System& system) {
  file.begin();
  const int descriptor = file.descriptor();
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return ESPIPE;  // memory is written by its place
  std::vector<tables::MemoryImage::Range> ranges;
  for (const MemoryRange& m : system.memories()) ranges.push_back({m.base, m.size, 0});
  const std::string head = tables::image_head(ranges, tables::note_text(smmus_of(system)));
  if (const int error = write_all(descriptor, head.data(), head.size(), 0); error != 0) return error;
  std::uint64_t end = head.size();
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::uint8_t* data = system.memories()[i].control->data();
    for (std::uint64_t at = 0; at < ranges[i].bytes; at += page_bytes) {
      const std::uint64_t bytes = std::min(page_bytes, ranges[i].bytes - at);
      if (all_zero(data + at, bytes)) continue;
      if (const int error = write_all(descriptor, data + at, bytes, ranges[i].offset + at); error != 0)
        return error;
    }
    end = ranges[i].offset + ranges[i].bytes;
  }
  return ftruncate(descriptor, static_cast<off_t>(end)) == 0 ? 0 : errno;
}

}  // namespace smmuvp::platform
