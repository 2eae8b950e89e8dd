// Register accesses, steps of time and saved states of a PL031, in any order.
#include "register_fuzz.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/pl031/pl031_core.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using smmuvp::Pl031Core;
  smmuvp::fuzz::Input in(data, size);
  smmuvp::Diag diag(nullptr, "rtc");
  Pl031Core rtc({static_cast<std::uint32_t>(in.take(4)), in.take(1) % 2 == 0}, diag);
  std::uint64_t now = 0;
  while (!in.empty()) {
    switch (in.take(1) % 8) {
      case 0:
        now += in.take(6);
        rtc.elapsed(now);
        if (const auto at = rtc.next_event(); at && *at <= now) __builtin_trap();
        break;
      case 1:
        rtc.reset(now);
        break;
      case 2: {
        smmuvp::ArchiveWriter writer;
        rtc.visit(writer);
        smmuvp::ArchiveReader reader(writer.data());
        rtc.visit(reader);
        if (!reader.complete()) __builtin_trap();
        rtc.resume(now);
        break;
      }
      default: {
        const auto a = smmuvp::fuzz::take_access(in, 0x20);
        if (a.write) {
          rtc.write(now, a.offset, a.bytes, a.value);
        } else {
          rtc.read(now, a.offset, a.bytes);
        }
      }
    }
  }
  return 0;
}
