// Offsets and values of docs/smmuv3testengine.md, as a driver has them.
#pragma once
#include <cstdint>

namespace smmuvp::engine {

constexpr std::uint32_t cmd = 0x00, uctrl = 0x04, launched = 0x08, returned = 0x0c, msiaddress = 0x10,
                        msidata = 0x18, msiattr = 0x1c, attributes = 0x20, seed = 0x24, begin = 0x28,
                        end_incl = 0x30, stride = 0x38, udata0 = 0x40, udata1 = 0x48, udata2 = 0x50,
                        uctrl1 = 0x78;
/// Of the privileged frame, from the start of the user frame of the same number.
constexpr std::uint32_t priv = 0x10000;
constexpr std::uint32_t pctrl = priv + 0x00, port_index = priv + 0x04, streamid = priv + 0x08,
                        substreamid = priv + 0x0c, pctrl1 = priv + 0x10, pdata0 = priv + 0x18;

constexpr std::uint32_t NO_FRAME = 0, HALTED = 1, MEMCPY = 2, RAND48 = 3, SUM64 = 4, MISCONFIGURED = ~0U - 1,
                        ERROR = ~0U;
constexpr std::uint32_t no_substream = ~0U;
constexpr std::uint32_t write_back = 0x42ff;  // Non-secure, Inner Shareable

/// Offset of a frame in the register window.
constexpr std::uint32_t frame(std::uint32_t n) { return n / 512 * 0x20000 + n % 512 * 0x80; }

}  // namespace smmuvp::engine
